from odoo.tests import BaseCase, tagged

from ..serialization.compression import compress, decompress
from ..serialization.tagged_json import MAX_TEXT_BYTES

try:
    from hypothesis import HealthCheck, given, settings, strategies as st
except ImportError:
    st = None

TEXT = (
    b'{"_saved":[1760000000,604800],"context":{"lang":"en_US","tz":"Asia/Tokyo","uid":7},'
    b'"create_time":1760000000.25,"db":"acme","debug":"","login":"jane","uid":7}'
)
# the text as the first release with compression stored it
STORED = bytes.fromhex(
    "486abfb1e4e9430902330308203a28c00935243fbb321fe62373ccd08099aa67640a0d98c464b0b3b1044e56"
    "2230054303c7bc160001c12d4a"
)


@tagged("-at_install", "post_install")
class TestCompression(BaseCase):
    def test_what_is_stored_can_always_be_read(self):
        # fails with another dictionary, which would log out all users
        self.assertEqual(decompress(STORED), TEXT)

    def test_any_text_comes_back(self):
        for text in (b"", b"{}", TEXT, TEXT * 1000, b"x" * MAX_TEXT_BYTES):
            self.assertEqual(decompress(compress(text)), text)

    def test_sessions_are_packed(self):
        self.assertLess(len(compress(TEXT)), len(TEXT) / 2)

    def test_json_is_returned_as_it_is(self):
        for text in (b"{}", TEXT, b"[1]", b"", b"no JSON"):
            self.assertEqual(decompress(text), text)

    def test_what_was_cut_changed_or_added_to_is_refused(self):
        packed = compress(TEXT)
        for wrong in (
            *(packed[:length] for length in range(1, len(packed))),
            *(
                packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :]
                for at in range(1, len(packed))
            ),
            *(packed + b"x", packed + packed, b"H", b"Hello"),
        ):
            with self.assertRaises(ValueError, msg=wrong):
                decompress(wrong)

    def test_longer_text_than_that_of_any_session_is_refused(self):
        for length in (MAX_TEXT_BYTES + 1, 100_000_000):
            with self.assertRaises(ValueError):
                decompress(compress(b"x" * length))

    def test_no_bytes_break_it(self):
        if st is None:
            self.skipTest("no hypothesis: pip install hypothesis")

        @settings(
            max_examples=300, database=None, deadline=None, suppress_health_check=HealthCheck
        )
        @given(st.binary())
        def is_refused(tail):
            with self.assertRaises(ValueError):
                decompress(b"H" + tail)

        is_refused()
