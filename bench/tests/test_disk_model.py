# SPDX-License-Identifier: Apache-2.0
"""The disk model by itself: bandwidth, seeks, bands, credit, faults, power cuts."""

import ctypes
import os
import random
import shutil
import tempfile
import unittest

from . import disk_model

MIB = 1 << 20
DISK_BYTES = 1 << 30


def setUpModule():
    """Builds the model once. Without a compiler there is nothing to test; with one it has to build."""
    global LIBRARY
    for tool in ("make", "cc"):
        if not shutil.which(tool):
            raise unittest.SkipTest(f"needs {tool} (bench/setup)")
    LIBRARY = disk_model.load()


class ModelTest(unittest.TestCase):
    """A model for each test."""

    def model(self, **settings):
        model = disk_model.Model(LIBRARY, DISK_BYTES, **settings)
        self.addCleanup(model.close)
        return model


class Bandwidth(ModelTest):
    """What a stream costs."""

    def test_a_stream_runs_at_the_rate_in_both_directions(self):
        for verb in ("read", "write"):
            model = self.model(rate_mb_s=100, seek_ms=8)
            seconds = sum(getattr(model, verb)(at * MIB, MIB) for at in range(100))
            self.assertAlmostEqual(seconds, 100 * MIB / 100e6, places=6)

    def test_without_a_rate_and_seek_time_nothing_costs_time(self):
        model = self.model()
        self.assertEqual(model.write(500 * MIB, MIB) + model.read(0, MIB) + model.flush(), 0)

    def test_a_flush_costs_what_it_is_said_to(self):
        self.assertAlmostEqual(self.model(flush_ms=5).flush(), 0.005)

    def test_an_untimed_disk_costs_and_counts_nothing_and_then_starts_at_zero(self):
        model = self.model(rate_mb_s=100, seek_ms=8, untimed=1)
        self.assertEqual(model.write(0, MIB) + model.read(100 * MIB, MIB), 0)
        self.assertEqual((model.counters.writes, model.counters.reads), (0, 0))
        model.configure(rate_mb_s=100, seek_ms=8)
        model.write(0, MIB)
        self.assertEqual((model.counters.writes, model.counters.write_bytes), (1, MIB))


class Seeks(ModelTest):
    """What moving the head costs."""

    def test_the_mean_of_random_seeks_is_the_seek_time(self):
        model, place = self.model(seek_ms=8), random.Random(1)
        seconds = [model.read(place.randrange(DISK_BYTES - 4096), 4096) for _ in range(20000)]
        self.assertAlmostEqual(sum(seconds) / len(seconds), 0.008, delta=0.0001)

    def test_a_far_seek_costs_more_than_a_near_one(self):
        model = self.model(seek_ms=8)
        model.read(0, 4096)
        near = model.read(MIB, 4096)
        model.read(0, 4096)
        far = model.read(DISK_BYTES - 4096, 4096)
        self.assertGreater(near, 0.002)
        self.assertGreater(far, 2 * near)

    def test_a_small_gap_ahead_costs_no_more_than_letting_it_pass(self):
        model = self.model(rate_mb_s=100, seek_ms=8)
        model.read(0, 4096)
        self.assertAlmostEqual(model.read(4096 + 8192, 4096), (8192 + 4096) / 100e6, places=9)

    def test_two_interleaved_streams_seek_at_every_turn(self):
        model = self.model(rate_mb_s=100, seek_ms=8)
        for at in range(16):
            model.write(at * MIB, MIB)
            model.write((512 + at) * MIB, MIB)
        self.assertEqual(model.counters.write_seeks, 31)


class Shingles(ModelTest):
    """Bands, the persistent cache and its cleaning."""

    def shingled(self):
        return self.model(rate_mb_s=100, seek_ms=8, smr_band_mb=16, smr_cache_mb=8)

    def test_sequential_writes_rewrite_nothing(self):
        model = self.shingled()
        for at in range(256):
            model.write(at * MIB, MIB)
        self.assertEqual(model.counters.smr_band_rewrites, 0)
        self.assertEqual(model.counters.smr_cached_bytes, 0)
        self.assertEqual(model.counters.smr_streamed_bytes, 256 * MIB)

    def test_starting_anywhere_ahead_of_the_valid_data_is_no_rewrite(self):
        model = self.shingled()
        model.write(0, 65536)
        for at in range(5, 64):
            model.write(at * MIB, MIB)
        self.assertEqual(model.counters.smr_cached_bytes, 0)

    def test_streams_in_bands_of_their_own_rewrite_nothing(self):
        model = self.shingled()
        for at in range(16):
            for stream in range(4):
                model.write((stream * 16 + at) * MIB, MIB)
        self.assertEqual(model.counters.smr_band_rewrites, 0)

    def test_only_the_part_below_the_valid_data_is_cached(self):
        model = self.shingled()
        model.write(0, 2 * MIB)
        model.write(MIB, 2 * MIB)
        self.assertEqual(model.counters.smr_cached_bytes, MIB)
        self.assertEqual(model.counters.smr_streamed_bytes, 3 * MIB)

    def test_scattered_overwrites_fill_the_cache_and_rewrite_bands(self):
        model, place = self.shingled(), random.Random(2)
        for at in range(256):
            model.write(at * MIB, MIB)
        seconds = [model.write(place.randrange(256 * 16) * 65536, 65536) for _ in range(256)]
        self.assertGreater(model.counters.smr_band_rewrites, 0)
        rewrite_s = 2 * 16 * MIB / 100e6 + 2 * 0.008
        self.assertGreaterEqual(max(seconds), rewrite_s)

    def test_cleaning_stops_when_half_of_the_cache_is_free(self):
        model = self.shingled()
        for band in range(16):
            model.write(band * 16 * MIB, 16 * MIB)
        for band in range(9):
            model.write(band * 16 * MIB, MIB)
        self.assertEqual(model.counters.smr_band_rewrites, 5)

    def test_discarded_bands_are_empty_again(self):
        model = self.shingled()
        model.write(0, 64 * MIB)
        model.discard(0, 32 * MIB)
        model.write(0, 32 * MIB)
        self.assertEqual(model.counters.smr_cached_bytes, 0)
        model.write(40 * MIB, MIB)
        self.assertEqual(model.counters.smr_cached_bytes, MIB)

    def test_a_disk_that_was_prepared_starts_with_a_clean_cache(self):
        model = self.model(smr_band_mb=16, smr_cache_mb=8, untimed=1)
        model.write(0, 16 * MIB)
        model.write(0, 8 * MIB)
        model.configure(smr_band_mb=16, smr_cache_mb=8)
        model.write(0, MIB)
        self.assertEqual(model.counters.smr_cached_bytes, MIB)
        self.assertEqual(model.counters.smr_band_rewrites, 0)


class Pacing(unittest.TestCase):
    """When a request is done, on a clock that the test moves."""

    def test_one_request_waits_for_the_other(self):
        pacer = disk_model.Pacer(100.0)
        self.assertAlmostEqual(LIBRARY.pacer_finish_s(pacer, 100.0, 0.5), 100.5)
        self.assertAlmostEqual(LIBRARY.pacer_finish_s(pacer, 100.1, 0.5), 101.0)

    def test_an_overhead_of_a_few_ms_costs_the_stream_nothing(self):
        pacer, now = disk_model.Pacer(0.0), 0.0
        for _ in range(1000):
            now = LIBRARY.pacer_finish_s(pacer, now + 0.003, 0.010)
        self.assertAlmostEqual(now, 10.0, delta=0.011)

    def test_a_longer_pause_is_no_credit(self):
        pacer = disk_model.Pacer(0.0)
        self.assertAlmostEqual(LIBRARY.pacer_finish_s(pacer, 50.0, 0.010), 50.005)

    def stream_s(self, requests, late_s):
        """What a stream of requests of 1 MiB takes at 100 MB/s, each `late_s` after the last one."""
        model, pacer, now = disk_model.Model(LIBRARY, DISK_BYTES, rate_mb_s=100), disk_model.Pacer(0.0), 0.0
        self.addCleanup(model.close)
        for at in range(requests):
            now = LIBRARY.pacer_finish_s(pacer, now + late_s, model.write(at * MIB, MIB))
        return now

    def test_a_stream_takes_what_the_rate_says(self):
        said_s = 192 * MIB / 100e6
        for late_s in (0, 0.001, 0.0049):
            self.assertAlmostEqual(self.stream_s(192, late_s) / said_s, 1, delta=0.01)

    def test_a_busy_machine_loses_what_is_beyond_the_credit(self):
        said_s = 192 * MIB / 100e6
        self.assertAlmostEqual(self.stream_s(192, 0.015), said_s + 192 * 0.010, delta=0.011)


class Settings(unittest.TestCase):
    """The text files."""

    def test_an_unfinished_line_waits_and_unknown_keys_are_left_out(self):
        settings = disk_model.Settings()
        text = b"rate_mb_s 150\ncolour 3\nseek_ms -1\nflush_ms 5"
        self.assertEqual(LIBRARY.disk_settings_parse(ctypes.byref(settings), text), 1)
        self.assertEqual((settings.rate_mb_s, settings.seek_ms, settings.flush_ms), (150, 0, 0))

    def test_faults_hit_what_touches_their_range_and_nothing_else(self):
        faults = disk_model.Faults()
        text = b"eio_read 8192 12288\neio_write 0 4096\neio_flush\nnonsense\n"
        self.assertEqual(LIBRARY.faults_parse(ctypes.byref(faults), text), 3)
        self.assertEqual(faults.flush_fails, 1)
        read, write = 0, 1
        for kind, offset, size, hit in ((read, 0, 8192, 0), (read, 0, 8193, 1), (read, 12288, 1, 0),
                                        (read, 12287, 1, 1), (write, 8192, 4096, 0), (write, 0, 1, 1)):
            self.assertEqual(LIBRARY.faults_hit(faults, kind, offset, size), hit, (kind, offset))


class PowerCut(unittest.TestCase):
    """What a power cut takes back."""

    def setUp(self):
        self.file = self.enterContext(tempfile.TemporaryFile())
        self.file.write(b"o" * 4096 * 256)
        self.file.flush()
        self.undo = disk_model.Undo()
        self.assertEqual(LIBRARY.undo_open(self.undo, self.file.fileno(), 4096 * 256), 0)
        self.addCleanup(LIBRARY.undo_close, ctypes.byref(self.undo))

    def write(self, block, letter):
        self.assertEqual(LIBRARY.undo_remember(self.undo, block * 4096, 4096), 0)
        os.pwrite(self.file.fileno(), letter * 4096, block * 4096)

    def cut(self, seed, keep_percent):
        loss = disk_model.UndoLoss()
        self.assertEqual(LIBRARY.undo_cut(self.undo, seed, keep_percent, ctypes.byref(loss)), 0)
        data = os.pread(self.file.fileno(), 4096 * 256, 0)
        return loss, [data[at:at + 1] for at in range(0, len(data), 4096)]

    def test_flushed_blocks_stay_and_unflushed_ones_go(self):
        self.write(1, b"f")
        LIBRARY.undo_forget(ctypes.byref(self.undo))
        self.write(1, b"g")
        self.write(2, b"u")
        self.write(2, b"v")
        loss, letters = self.cut(seed=1, keep_percent=0)
        self.assertEqual((loss.lost_blocks, loss.kept_blocks), (2, 0))
        self.assertEqual(letters[:4], [b"o", b"f", b"o", b"o"])

    def test_the_same_seed_takes_the_same_blocks(self):
        kept = []
        for seed in (7, 7, 8):
            for block in range(256):
                self.write(block, b"n")
            kept.append(self.cut(seed, keep_percent=50)[1])
            for block in range(256):
                self.write(block, b"o")
            LIBRARY.undo_forget(ctypes.byref(self.undo))
        self.assertEqual(kept[0], kept[1])
        self.assertNotEqual(kept[0], kept[2])
        self.assertTrue(80 < kept[0].count(b"n") < 176)


if __name__ == "__main__":
    unittest.main()
