// SPDX-License-Identifier: Apache-2.0

/// Which attributes have to be set and removed to make one entry's equal to another's.
public struct AttributeDelta: Equatable, Sendable {
  /// Names of attributes that are missing or differ.
  var changed: [AttributeName] = []
  /// Names of attributes that are there and should not be.
  var removed: [AttributeName] = []
  var listsDifferInModeOnly = false
  /// How many attributes of the source the target's filesystem has no use for: they are left out,
  /// and no difference.
  public internal(set) var foreignCount = 0

  /// Whether the target has some that the kernel takes away with the owner, such as capabilities.
  public internal(set) var mayGoWithOwner = false

  /// Nothing to be done.
  public init() {}

  /// Whether there is nothing to be done.
  public var isEmpty: Bool { changed.isEmpty && removed.isEmpty }

  /// Whether the ACLs that are in force differ.
  public var accessListsDiffer: Bool { (changed + removed).contains(where: \.isAccessList) }

  /// The same without what could not be carried over.
  public func without(_ failures: [AttributeCopier.Failure]) -> AttributeDelta {
    guard !failures.isEmpty else { return self }
    let failed = failures.compactMap { $0.operation.key }
    var rest = self
    rest.changed.removeAll { failed.contains($0.key) }
    rest.removed.removeAll { failed.contains($0.key) }
    return rest
  }

  /// Only what could not be carried over, to be tried again.
  public func limited(to failures: [AttributeCopier.Failure]) -> AttributeDelta {
    let failed = failures.compactMap { $0.operation.key }
    var rest = self
    rest.changed.removeAll { !failed.contains($0.key) }
    rest.removed.removeAll { !failed.contains($0.key) }
    return rest
  }

  /// What differs, without the names.
  public struct Summary: Equatable, Sendable {
    /// Which classes of attributes differ.
    public var classes: AttributeCopier.Classes = []
    /// Whether all that differs between the ACLs is what the mode says too.
    public var listsDifferInModeOnly = false

    /// Sums up that nothing differs, or what does.
    public init(_ classes: AttributeCopier.Classes = []) { self.classes = classes }
  }

  /// What differs, without the names.
  public var summary: Summary {
    guard !isEmpty else { return Summary() }
    var summary = Summary(
      (changed + removed).reduce(into: []) { $0.formUnion($1.attributeClass ?? []) }
    )
    summary.listsDifferInModeOnly = listsDifferInModeOnly
    return summary
  }
}
