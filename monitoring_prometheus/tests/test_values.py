import os
import shutil
import signal
import threading

from hypothesis import given, settings, strategies as st

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cloud_base.events.recorder import LABEL_SETS, OTHER
from odoo.addons.cloud_base.tests.new_process import fork

from .. import metrics as metrics
from ..aggregator import DAMAGED_FILES_KEPT, TOTALS, AllValues
from ..mmap_file import MAGIC, DamagedFileError, decoded_key, read_records, written_records
from .common import ValuesCase

PAGE = ("/web", "GET", "200", "http", "db")


@tagged("-at_install", "post_install")
class TestValues(ValuesCase):
    def test_nothing_is_written_before_something_is_counted(self):
        self.assertEqual(self.files(), [])
        self.assertEqual(self.collected(), {})

    def test_processes_are_added_up(self):
        other = self.process()
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        other.add(metrics.QUERIES, ("/web", "db"), 3)
        other.add(metrics.QUERIES, ("/shop", "db"))
        self.assertEqual(
            self.collected(),
            {
                (metrics.QUERIES.name, ("/web", "db")): (5.0,),
                (metrics.QUERIES.name, ("/shop", "db")): (1.0,),
            },
        )

    def test_a_histogram_has_its_buckets_and_its_sum(self):
        for seconds in (0.01, 0.2, 99):
            self.values.observe(metrics.REQUEST_SECONDS, PAGE, seconds)
        numbers = self.collected()[metrics.REQUEST_SECONDS.name, PAGE]
        self.assertEqual(numbers, (1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 99.21))

    def test_the_numbers_of_an_ended_process_stay_and_its_file_goes(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        self.values.observe(metrics.REQUEST_SECONDS, PAGE, 0.2)
        before = self.collected()
        self.assertEqual(len(self.files()), 1)
        self.values.close()
        self.assertEqual(self.collected(), before)
        self.assertEqual(self.files(), [])
        self.assertEqual(self.collected(), before)

    def test_a_gauge_ends_with_its_process(self):
        self.values.add(metrics.REQUESTS_IN_PROGRESS, ())
        self.assertEqual(self.collected(), {(metrics.REQUESTS_IN_PROGRESS.name, ()): (1.0,)})
        self.values.close()
        self.assertEqual(self.collected(), {})

    def test_of_times_the_latest_counts(self):
        other = self.process()
        for values, moment in ((self.values, 5), (other, 7)):
            values.put(metrics.CRON_SUCCESS, ("job", "db"), moment)
        self.assertEqual(self.collected(), {(metrics.CRON_SUCCESS.name, ("job", "db")): (7.0,)})
        other.close()
        self.values.put(metrics.CRON_SUCCESS, ("job", "db"), 6)
        self.assertEqual(self.collected(), {(metrics.CRON_SUCCESS.name, ("job", "db")): (7.0,)})

    def test_a_forked_child_counts_for_itself(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        child = fork(lambda: self.values.add(metrics.QUERIES, ("/web", "db"), 3))
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.values.add(metrics.QUERIES, ("/web", "db"), 5)
        self.assertEqual(self.collected(), {(metrics.QUERIES.name, ("/web", "db")): (10.0,)})
        # the child has ended, this process has not
        self.assertEqual(len(self.files()), 1)

    def test_a_killed_process_leaves_its_numbers(self):
        def count_and_be_killed():
            self.values.add(metrics.QUERIES, ("/web", "db"), 3)
            os.kill(os.getpid(), signal.SIGKILL)

        os.waitpid(fork(count_and_be_killed), 0)
        self.assertEqual(self.collected(), {(metrics.QUERIES.name, ("/web", "db")): (3.0,)})
        self.assertEqual(self.files(), [])

    def test_a_child_does_not_hold_the_lock_of_its_ended_parent(self):
        from_child, to_parent = os.pipe()
        from_parent, to_child = os.pipe()
        self.values.add(metrics.QUERIES, ("/web", "db"), 3)
        child = fork(lambda: (os.write(to_parent, b"!"), os.read(from_parent, 1)))
        try:
            os.read(from_child, 1)
            self.values.close()
            self.collected()
            self.assertEqual(self.files(), [])
        finally:
            os.write(to_child, b"!")
            os.waitpid(child, 0)
            for file in (from_child, to_parent, from_parent, to_child):
                os.close(file)

    def test_a_crash_while_files_are_taken_in_counts_nothing_twice(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        [path] = self.directory.glob("*.values")
        content = path.read_bytes()
        self.values.close()
        before = self.collected()
        # it was taken in, and the crash came before it was removed
        path.write_bytes(content)
        self.assertEqual(self.collected(), before)
        self.assertFalse(path.exists())

    def test_a_crash_before_the_totals_are_replaced_loses_nothing(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        self.values.close()
        (self.directory / f"{TOTALS}.new").write_bytes(b"half")
        self.assertEqual(self.collected(), {(metrics.QUERIES.name, ("/web", "db")): (2.0,)})

    def test_what_is_no_file_of_values_is_damaged(self):
        record = written_records([(b'["odoo_http_sql_queries_total", "/web", "db"]', (1.0,))])
        self.assertEqual(len(read_records(record)), 1)
        for content in (b"", b"short", b"x" * 100, MAGIC + b"\xff" * 8, record[:-1]):
            with self.assertRaises(DamagedFileError):
                read_records(content)

    @settings(max_examples=300, deadline=None, database=None)
    @given(
        begin=st.integers(0, 4),
        pages=st.integers(1, 3),
        filling=st.sampled_from([b"\0", b"\xff", b"x", b"[", b'["odoo', None]),
        ends=st.booleans(),
        cut=st.booleans(),
    )
    def test_a_damaged_page_makes_no_collection_fail(self, begin, pages, filling, ends, cut):
        shutil.rmtree(self.directory)
        self.values, other = self.process(), self.process()
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        for route in range(150):
            other.observe(metrics.REQUEST_SECONDS, (f"/{route}", *PAGE[1:]), 3)
        path, used = other._file.path, other._file._used
        content = path.read_bytes()
        if ends:
            other.close()
        size = 4096 * pages
        damage = (filling or content[200:300]) * size
        at = 4096 * begin
        if at + size <= used:
            with path.open("r+b") as file:
                file.seek(at)
                file.write(damage[:size])
        if cut:
            os.truncate(path, used - 8)
        elif at + size > used:
            return
        with mute_logger("odoo.addons.monitoring_prometheus.aggregator"):
            for _time in range(2):
                totals = AllValues(self.directory).collect()
        found = {decoded_key(key): value for key, value in totals.numbers.items()}
        self.assertEqual(found, {(metrics.QUERIES.name, ("/web", "db")): (2.0,)})
        self.assertEqual(totals.damaged, 1)
        # a process that lives keeps its file
        self.assertEqual(path.exists(), not ends)

    def test_totals_that_are_damaged_are_set_aside(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        self.values.close()
        self.collected()
        (self.directory / TOTALS).write_bytes(b"\0" * 4096)
        other = self.process()
        other.add(metrics.QUERIES, ("/shop", "db"), 3)
        other.close()
        with mute_logger("odoo.addons.monitoring_prometheus.aggregator"):
            found = self.collected()
        self.assertEqual(found, {(metrics.QUERIES.name, ("/shop", "db")): (3.0,)})
        self.assertEqual(self.collected(), found)
        self.assertEqual(AllValues(self.directory).collect().damaged, 1)

    def test_the_files_that_are_set_aside_are_few(self):
        for number in range(DAMAGED_FILES_KEPT + 5):
            (self.directory / f"{number}-1.values").write_bytes(b"\0" * 4096)
        with mute_logger("odoo.addons.monitoring_prometheus.aggregator"):
            damaged = AllValues(self.directory).collect().damaged
        self.assertEqual(damaged, DAMAGED_FILES_KEPT)

    def test_metrics_of_another_release_are_left_out(self):
        records = [(b'["odoo_gone_total"]', (1.0,)), (b'["odoo_http_sql_queries_total"]', (1.0,))]
        (self.directory / "1-1.values").write_bytes(written_records(records))
        self.assertEqual(self.collected(), {})

    def test_label_sets_are_bounded_in_a_process_and_over_all_that_ended(self):
        for first in (0, LABEL_SETS // 2, LABEL_SETS):
            for number in range(first, first + LABEL_SETS + 10):
                self.values.add(metrics.QUERIES, (f"/{number}", "db"))
            self.values.close()
            collected = self.collected()
            self.assertLessEqual(len(collected), LABEL_SETS + 1)
        self.assertEqual(sum(value for [value] in collected.values()), 3 * (LABEL_SETS + 10))
        self.assertGreater(collected[metrics.QUERIES.name, (OTHER, OTHER)][0], 10)

    def test_threads_lose_no_count(self):
        def count():
            for number in range(2000):
                self.values.add(metrics.QUERIES, (f"/{number % 300}", "db"))

        threads = [threading.Thread(target=count) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sum(value for [value] in self.collected().values()), 8 * 2000)

    def test_counters_never_go_back_while_workers_come_and_go(self):
        seen = []
        stopped = threading.Event()

        def watch():
            while not stopped.is_set():
                seen.append(
                    self.collected().get((metrics.QUERIES.name, ("/web", "db")), (0.0,))[0]
                )

        watcher = threading.Thread(target=watch)
        watcher.start()
        for _worker in range(100):
            values = self.process()
            for _request in range(10):
                values.add(metrics.QUERIES, ("/web", "db"))
            values.close()
        stopped.set()
        watcher.join()
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(self.collected()[metrics.QUERIES.name, ("/web", "db")], (1000.0,))

    def test_disk_does_not_grow_with_workers_that_ended(self):
        def bytes_on_disk():
            return sum(path.stat().st_blocks * 512 for path in self.directory.iterdir())

        sizes = []
        for worker in range(40):
            for route in range(200):
                self.values.observe(
                    metrics.REQUEST_SECONDS, (f"/{route}", "GET", "200", "http", "db"), 0.1
                )
            if worker == 0:
                [path] = self.directory.glob("*.values")
                self.assertLess(path.stat().st_blocks * 512, 2_000_000)
            self.values.close()
            self.collected()
            sizes.append(bytes_on_disk())
        self.assertEqual(sizes[1], sizes[-1])
