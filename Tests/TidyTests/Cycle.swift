// SPDX-License-Identifier: Apache-2.0

/// Arrows that lead back to where they began.
enum Cycle {
  /// A cycle of a graph, such as `[A, B, A]`, and nothing where there is none.
  static func first(in graph: [String: Set<String>]) -> [String]? {
    var finished: Set<String> = []
    for start in graph.keys.sorted() {
      if let cycle = search(graph, [start], &finished) { return cycle }
    }
    return nil
  }

  /// Searches on from the end of a path; a node that is finished is on no cycle.
  private static func search(
    _ graph: [String: Set<String>],
    _ path: [String],
    _ finished: inout Set<String>
  ) -> [String]? {
    guard let node = path.last, !finished.contains(node) else { return nil }
    for next in (graph[node] ?? []).sorted() {
      if let start = path.firstIndex(of: next) { return path[start...] + [next] }
      if let cycle = search(graph, path + [next], &finished) { return cycle }
    }
    finished.insert(node)
    return nil
  }
}
