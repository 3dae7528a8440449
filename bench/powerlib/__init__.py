# SPDX-License-Identifier: Apache-2.0
"""Cuts the power, kills, and lets writes fail in the middle of a copy, and judges what is left."""
