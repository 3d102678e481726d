"""Shards and their locks, and threads, without attachments."""

import multiprocessing
import threading
import warnings

from odoo import sql_db
from odoo.tests import BaseCase, TransactionCase, tagged

from ..garbage.locks import SHARDS, lock_shared, shard_of, try_lock
from ..ownership.keys import owned_key
from ..store import threads


@tagged("post_install", "-at_install")
class TestShards(TransactionCase):
    def other(self):
        cursor = sql_db.db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        return cursor

    def test_a_key_has_a_shard_and_content_decides_over_owned_ones(self):
        self.assertEqual(shard_of(owned_key("a", b"x")), 0x2D)
        self.assertEqual(shard_of(owned_key("b", b"x")), 0x2D)
        for key in ("flat é", "", "a/", "11f6ad8e", "\udcff"):
            self.assertIn(shard_of(key), range(SHARDS))

    def test_writers_share_a_shard_and_the_collection_takes_it_alone(self):
        one, two, collection = self.other(), self.other(), self.other()
        lock_shared(one, [0x2D])
        lock_shared(two, [0x2D, 0x2D, 0])
        self.assertFalse(try_lock(collection, 0x2D))
        one.commit()
        self.assertFalse(try_lock(collection, 0x2D))
        two.rollback()
        self.assertTrue(try_lock(collection, 0x2D))
        self.assertFalse(try_lock(one, 0x2D))

    def test_any_number_of_calls_takes_no_more_locks_than_shards(self):
        cursor = self.other()
        for _number in range(3):
            lock_shared(cursor, [*range(SHARDS), 1, 2])
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        self.assertEqual(cursor.fetchone(), (SHARDS,))
        self.assertEqual(lock_shared(self.other(), []).kept, 0)

    def test_the_number_falls_back_with_a_rollback_to_a_savepoint_as_the_locks_do(self):
        cursor, collection = self.other(), self.other()
        first = lock_shared(cursor, [0xA])
        cursor.execute("SAVEPOINT raw")
        inside = lock_shared(cursor, [0xB])
        self.assertEqual(inside.kept, first.number)
        cursor.execute("ROLLBACK TO SAVEPOINT raw")
        self.assertTrue(try_lock(collection, 0xB))
        self.assertFalse(try_lock(collection, 0xA))
        collection.rollback()
        after = lock_shared(cursor, [0xC])
        self.assertEqual(after.kept, first.number)
        self.assertEqual(lock_shared(cursor, []).kept, after.number)
        self.assertGreater(after.number, inside.number, "a number is never used again")
        cursor.commit()
        self.assertEqual(lock_shared(cursor, [0xC]).kept, 0)

    def test_names_without_a_row_are_told_with_the_lock(self):
        cursor = self.other()
        cursor.execute("SELECT store_fname FROM ir_attachment WHERE store_fname != '' LIMIT 1")
        used = [name for (name,) in cursor.fetchall()]
        locked = lock_shared(cursor, [0xA], ["s3://no/row", *used])
        self.assertEqual(locked.unused, {"s3://no/row"})


@tagged("post_install", "-at_install")
class TestParallel(BaseCase):
    def test_every_item_has_its_result(self):
        for count in (0, 1, 2, 500):
            found = threads.each(lambda number: number * 2, range(count))
            self.assertEqual(sorted(found), [number * 2 for number in range(count)])
        self.assertEqual(list(threads.each(abs, [-3, -2, -1], threads=1)), [3, 2, 1])

    def test_items_run_at_the_same_time_and_never_more_than_asked_for(self):
        barrier = threading.Barrier(4, timeout=60)
        running, most, lock = [], [], threading.Lock()

        def work(item):
            with lock:
                running.append(item)
                most.append(len(running))
            barrier.wait()
            with lock:
                running.remove(item)

        list(threads.each(work, range(8), threads=4))
        self.assertEqual(max(most), 4)

    def test_items_are_taken_by_the_callers_thread_and_only_as_far_as_needed(self):
        taken = []

        def items():
            for number in range(1000):
                taken.append(threading.current_thread())
                yield number

        results = threads.each(lambda number: number, items(), threads=3)
        next(results)
        self.assertEqual(taken, [threading.current_thread()] * 4)
        results.close()
        self.assertEqual(len(taken), 4)

    def test_the_first_error_ends_it_when_nothing_is_under_way_any_more(self):
        done, running, lock = [], [], threading.Lock()

        def work(number):
            with lock:
                running.append(number)
            try:
                if number == 5:
                    raise ZeroDivisionError
                done.append(number)
            finally:
                with lock:
                    running.remove(number)

        with self.assertRaises(ZeroDivisionError):
            list(threads.each(work, range(10_000)))
        self.assertEqual(running, [])
        self.assertLess(len(done), 1000)
        self.assertEqual(sorted(threads.each(abs, [-1, -2])), [1, 2], "the threads live on")

    def test_work_never_queues_behind_the_work_of_others(self):
        may_go = threading.Event()
        self.addCleanup(may_go.set)
        busy, begun = [], threading.Semaphore(0)

        def held(_item):
            begun.release()
            may_go.wait(60)

        for _number in range(threads.USERS_THREADS // threads.THREADS):
            busy.append(threads.BoundedMap(held, range(threads.THREADS)))
        for _number in range(threads.USERS_THREADS):
            self.assertTrue(begun.acquire(timeout=60))
        # all threads are busy, and no further thread is started
        count = threading.active_count()
        found = threads.each(lambda _item: threading.current_thread(), range(3))
        self.assertEqual([*found], [threading.current_thread()] * 3)
        self.assertEqual(threading.active_count(), count)
        may_go.set()
        for work in busy:
            self.assertEqual([*work], [None] * threads.THREADS)

    def test_a_forked_process_has_threads_of_its_own(self):
        list(threads.each(abs, range(4)))
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=lambda: sender.send(sum(threads.each(abs, [-1, -2]))))
        with warnings.catch_warnings():  # Python 3.12 warns of forks beside threads
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        self.assertTrue(receiver.poll(60))
        self.assertEqual(receiver.recv(), 3)
        process.join(60)
