// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The directories above a target, where they are missing and are made with it (`--mkpath`).
struct TargetPath {
  let plan: CopyPlan

  /// A target whose path is made first, if that is wanted and necessary.
  ///
  /// A dry run lists what would be copied all the same, but for a lone directory, as in rsync.
  ///
  /// - Parameters:
  ///   - takesNewName: Whether the target operand is a name for a file.
  ///   - isLone: Whether it is one for a directory, which is not made with its path.
  /// - Returns: The target; `nil` where it is found in another way.
  /// - Throws: Why nothing on the path can be opened.
  func findMissing(takesNewName: Bool, isLone: Bool) throws(CopyError) -> ResolvedTarget? {
    let makesPath = plan.options.rules.makesTargetPath
    let isDry = plan.options.isDryRun && !takesNewName && !isLone
    guard makesPath || isDry, let last = plan.target.lastComponent,
      last.kind == .regular || last.kind == .currentDirectory
    else { return nil }
    do {
      _ = try EntryMetadata(following: plan.target.directory)
      return nil
    } catch {
      guard error == .noSuchFileOrDirectory else { return nil }
    }
    let (nearest, missing) = try nearestAbove(plan.target.directory)
    return ResolvedTarget(
      path: takesNewName ? plan.target.directory : plan.target,
      directory: nil,
      nearest: nearest,
      newName: takesNewName ? EntryName(last) : nil,
      isNew: true,
      makesPath: true,
      madeDirectories: makesPath ? missing + (takesNewName || isLone ? 0 : 1) : 0
    )
  }

  /// Makes the path of a target.
  ///
  /// - Returns: The target in it, which is still to be made unless it is a name for a file.
  func make(_ target: ResolvedTarget) throws(CopyError) -> ResolvedTarget {
    let path = plan.target.directory
    do {
      try path.makeDirectories()
      let above = try open(path)
      return ResolvedTarget(
        path: target.path,
        directory: target.newName == nil ? nil : above,
        nearest: above,
        newName: target.newName,
        isNew: target.newName == nil
      )
    } catch {
      throw CopyError(.makeDirectory, path, error, .stop)
    }
  }

  private func open(_ path: FilePath) throws(Errno) -> OpenDirectory {
    try OpenDirectory(trusted: path, followsAll: plan.options.followsForeignLinks)
  }

  /// The last directory on a path that is there, and how many behind it are missing.
  private func nearestAbove(
    _ path: FilePath
  ) throws(CopyError) -> (directory: OpenDirectory, missing: Int) {
    var (nearest, missing) = (path, 0)
    while true {
      do {
        return (try open(nearest), missing)
      } catch {
        if error == .tooManySymbolicLinkLevels {
          throw CopyError(.openTarget, plan.target, error, .selection)
        }
        guard error == .noSuchFileOrDirectory, nearest != nearest.directory else {
          throw CopyError(.makeDirectory, plan.target, error, .stop)
        }
        nearest = nearest.directory
        missing += 1
      }
    }
  }
}

extension OpenDirectory {
  /// Opens a directory for reading, which no symbolic link of somebody else leads to (`openat`).
  ///
  /// - Throws: `Errno.tooManySymbolicLinkLevels` at such a link.
  convenience init(trusted path: FilePath, followsAll: Bool) throws(Errno) {
    // What is mounted when somebody comes is not by O_PATH, but on the way to something in it.
    _ = try? EntryMetadata(following: path.pushing("."))
    self.init(try TrustedPath(path, followsAll: followsAll).openDirectoryForReading())
  }
}
