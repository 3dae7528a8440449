// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What every Swift target of the package is compiled with.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "fastsync",
  products: [
    .executable(name: "fastsync", targets: ["fastsync"]),
    .library(name: "CopyEngine", targets: ["CopyEngine"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1")
  ],
  targets: [
    .target(
      name: "CLiburing",
      path: "CLiburing",
      cSettings: [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)],
      // The archives by their file names: the shipped binary must not need the libraries
      // themselves.
      linkerSettings: [":liburing.a", ":libpopt.a", ":libxxhash.a", ":libcrypto.a"].map {
        .linkedLibrary($0)
      }
    ),
    .target(name: "Kernel", dependencies: ["CLiburing", system], swiftSettings: strict),
    .target(name: "Uring", dependencies: ["CLiburing", "Kernel", system], swiftSettings: strict),
    .target(name: "Storage", dependencies: ["Kernel", system], swiftSettings: strict),
    .target(name: "FileTree", dependencies: ["Kernel", system], swiftSettings: strict),
    .target(
      name: "CopyEngine",
      dependencies: ["FileTree", "Kernel", "Storage", "Uring", system],
      swiftSettings: strict
    ),
    .executableTarget(
      name: "fastsync",
      dependencies: ["CLiburing", "CopyEngine", "FileTree", "Kernel", "Storage", system],
      swiftSettings: strict
    ),
    .target(
      name: "SimulatedKernel",
      dependencies: ["Uring", system],
      path: "Tests/SimulatedKernel",
      swiftSettings: strict
    ),
    .target(
      name: "TestSupport",
      dependencies: ["Kernel", "Storage", system],
      path: "Tests/TestSupport",
      swiftSettings: strict
    ),
    .target(
      name: "FaultInjection",
      path: "Tests/FaultInjection",
      cSettings: [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]
    ),
    .testTarget(
      name: "FaultTests",
      dependencies: [
        "CopyEngine", "FaultInjection", "SimulatedKernel", "Storage", "TestSupport", "fastsync",
        system,
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "UringTests",
      dependencies: ["Uring", "Kernel", "SimulatedKernel", system],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FileTreeTests",
      dependencies: ["FileTree", "Kernel", "TestSupport", system],
      swiftSettings: strict
    ),
    .testTarget(
      name: "StorageTests",
      dependencies: ["Storage", "Kernel", "TestSupport", system],
      swiftSettings: strict
    ),
    .testTarget(
      name: "CopyEngineTests",
      dependencies: [
        "CopyEngine", "SimulatedKernel", "TestSupport", "FileTree", "Kernel", "Storage", "Uring",
        system,
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FastsyncTests",
      dependencies: ["fastsync", "CopyEngine", "Kernel", "Storage", "TestSupport", system],
      exclude: ["Fixtures", "Golden"],
      swiftSettings: strict
    ),
    .testTarget(name: "TidyTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

// `make fuzz`: its main is libFuzzer's.
if Context.environment["FASTSYNC_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: ["FaultInjection", "FileTree", "Kernel", "Storage", system],
      path: "Tests/Fuzz",
      exclude: ["Seeds", "words.dict"],
      swiftSettings: strict
    )
  )
}
