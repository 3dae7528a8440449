// SPDX-License-Identifier: Apache-2.0

/// Which extended attributes of an entry filter rules leave alone; ACLs are not asked about.
public struct AttributeFilter {
  private let source: FilterScope
  private let target: FilterScope

  /// Asks the rules of both sides.
  ///
  /// - Parameters:
  ///   - source: Those that say what is copied.
  ///   - target: Those that say what is not changed at the target.
  public init(source: FilterScope, target: FilterScope) {
    self.source = source
    self.target = target
  }

  /// Whether an attribute of the source is not copied.
  func isLeftOut(_ name: AttributeName) -> Bool {
    name.attributeClass != .accessControlLists
      && (source.verdict(ofAttribute: name.sourceKey) == .exclude || isKept(name))
  }

  /// Whether an attribute of the target stays as it is.
  func isKept(_ name: AttributeName) -> Bool {
    name.attributeClass != .accessControlLists
      && target.verdict(ofAttribute: name.sourceKey) == .exclude
  }
}
