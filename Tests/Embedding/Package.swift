// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let engine: [Target.Dependency] = [
  .product(name: "CopyEngine", package: "fastsync"),
  .product(name: "SystemPackage", package: "swift-system"),
]

let package = Package(
  name: "embedding",
  dependencies: [
    // Elsewhere: .package(url: "...", from: "0.1.0")
    .package(name: "fastsync", path: "../.."),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(name: "Example", dependencies: engine),
    .executableTarget(name: "Host", dependencies: engine),
  ]
)
