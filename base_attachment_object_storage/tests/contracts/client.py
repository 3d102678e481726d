"""Stores that share a client: mixed in by each backend addon."""

import multiprocessing
import warnings


class ClientContract:
    """Mixed into a test case like ``StoreContract``; ``client()`` is its present client."""

    def test_a_forked_process_uses_a_client_of_its_own(self):
        self.store.put(self.key(), b"across a fork")
        parent = self.client()
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)

        def child():
            sender.send((self.client() is parent, self.store.read(self.key())))

        process = context.Process(target=child)
        with warnings.catch_warnings():  # Python 3.12 warns of forks beside threads
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        self.assertTrue(receiver.poll(20), "the child reads")
        self.assertEqual(receiver.recv(), (False, b"across a fork"))
        process.join(20)
        self.assertEqual(self.store.read(self.key()), b"across a fork")
