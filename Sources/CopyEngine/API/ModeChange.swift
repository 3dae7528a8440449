// SPDX-License-Identifier: Apache-2.0

/// One change of permissions, as `chmod` makes it: `g+w`, `Fo-rwx`, `D2775`.
public struct ModeChange: Equatable, Sendable {
  /// What it is made to.
  public enum Scope: Equatable, Sendable {
    case everything, directories, others
  }

  /// What it does.
  public enum Operation: Equatable, Sendable {
    /// `+`, `-` and `=`.
    case add, remove, set
    /// The permissions are these.
    case exact(UInt32)
  }

  /// Classes of users.
  public struct Classes: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The owner.
    public static let user = Classes(rawValue: 4)
    /// The group.
    public static let group = Classes(rawValue: 2)
    /// All others.
    public static let others = Classes(rawValue: 1)
    /// All of them.
    public static let all: Classes = [.user, .group, .others]

    /// Gives each class the same three bits.
    func spread(_ bits: UInt32) -> UInt32 {
      (contains(.user) ? bits << 6 : 0) | (contains(.group) ? bits << 3 : 0)
        | (contains(.others) ? bits : 0)
    }
  }

  /// What it is made to.
  public var scope = Scope.everything
  /// Whose permissions it changes; empty where nobody was named: then all, less the umask.
  public var classes: Classes = []
  /// What it does.
  public var operation = Operation.add
  /// The bits of `rwx`.
  public var permissions: UInt32 = 0
  /// Whether what could not be executed by anybody before cannot be after it either (`X`).
  public var keepsFromExecution = false
  /// Setuid, setgid and sticky bits.
  public var special: UInt32 = 0
  /// Whose permissions are taken over.
  public var copied: Classes = []

  /// Adds nothing to anybody.
  public init() {}

  /// Makes the change.
  ///
  /// - Parameters:
  ///   - mode: The permissions as they are by now.
  ///   - wasExecutable: Whether anybody could execute it before all changes.
  ///   - isDirectory: Whether it is a directory.
  ///   - mask: The umask.
  /// - Returns: The permissions.
  func applied(
    to mode: UInt32,
    wasExecutable: Bool,
    isDirectory: Bool,
    _ mask: UInt32
  ) -> UInt32 {
    guard scope == .everything || isDirectory == (scope == .directories) else { return mode }
    let named = classes.isEmpty ? Classes.all : classes
    let allowed: UInt32 = classes.isEmpty ? ~mask : ~0
    var source: UInt32 = 0
    if copied.contains(.user) { source |= mode >> 6 & 7 }
    if copied.contains(.group) { source |= mode >> 3 & 7 }
    if copied.contains(.others) { source |= mode & 7 }
    let copies = named.spread(source) & allowed
    let given = named.spread(permissions) & allowed | special
    let added = keepsFromExecution && !wasExecutable && !isDirectory ? given & ~0o111 : given
    switch operation {
    case .exact(let permissions): return permissions
    case .add: return mode | added | copies
    case .remove: return mode & ~(given | copies)
    case .set: return mode & ~(named.spread(7) | cleared(named)) | added | copies
    }
  }

  /// The special bits that `=` takes away: those of whom it names, where it is about any.
  private func cleared(_ named: Classes) -> UInt32 {
    var bits: UInt32 = 0
    if special != 0 {
      bits |= (classes.contains(.user) ? 0o4000 : 0) | (classes.contains(.group) ? 0o2000 : 0)
    }
    if !copied.isEmpty {
      bits |= (named.contains(.user) ? 0o4000 : 0) | (named.contains(.group) ? 0o2000 : 0)
      bits |= named.contains(.others) ? 0o1000 : 0
    }
    return bits
  }
}

extension [ModeChange] {
  /// Makes all changes, one after the other.
  func applied(to mode: UInt32, isDirectory: Bool, mask: UInt32) -> UInt32 {
    let wasExecutable = mode & 0o111 != 0
    return reduce(mode & 0o7777) {
      $1.applied(to: $0, wasExecutable: wasExecutable, isDirectory: isDirectory, mask)
    } & 0o7777
  }
}
