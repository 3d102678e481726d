import threading

from odoo.tests import BaseCase, tagged

from ..context import (
    Context,
    Job,
    begin_job,
    begin_request,
    context_of_access,
    end_job,
    end_request,
    id_of,
    thread,
    trace_of,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@tagged("-at_install", "post_install")
class TestIds(BaseCase):
    def test_a_well_formed_id_is_taken(self):
        for given in ("a", "5b5dce0a-e83a", "Root=1-67891233-abcdef", "x" * 128):
            self.assertEqual(id_of(given), given)

    def test_any_other_id_is_replaced_by_a_new_one(self):
        made = set()
        for given in (None, "", "a b", "a\nb", "é", "x" * 129, '"quoted"', "<script>"):
            new = id_of(given)
            self.assertRegex(new, "^[0-9a-f]{32}$")
            made.add(new)
        self.assertEqual(len(made), 8)

    def test_a_trace_is_taken_from_a_well_formed_header(self):
        self.assertEqual(trace_of(f"00-{TRACE}-{SPAN}-01"), (TRACE, SPAN))
        # a later version may add parts
        self.assertEqual(trace_of(f"01-{TRACE}-{SPAN}-01-more"), (TRACE, SPAN))

    def test_no_trace_is_taken_from_another_header(self):
        for header in (
            None,
            "",
            f"00-{TRACE}-{SPAN}",
            f"00-{TRACE}-{SPAN}-01-more",
            f"ff-{TRACE}-{SPAN}-01",
            f"00-{TRACE.upper()}-{SPAN}-01",
            f"00-{'0' * 32}-{SPAN}-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f"00-{TRACE[1:]}-{SPAN}-01",
        ):
            self.assertIsNone(trace_of(header), header)


@tagged("-at_install", "post_install")
class TestContext(BaseCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, thread, "context", thread.context)
        self.addCleanup(setattr, thread, "ended", thread.ended)
        thread.context = thread.ended = None

    def test_a_thread_has_a_context_of_its_own(self):
        begin_request(Context("mine", request=object()))
        seen = []
        other = threading.Thread(target=lambda: seen.append(thread.context))
        other.start()
        other.join()
        self.assertEqual(seen, [None])
        self.assertEqual(thread.context.request_id, "mine")

    def test_after_a_request_only_its_access_line_belongs_to_it(self):
        context = Context("mine", request=object())
        begin_request(context)
        end_request(context.request)
        self.assertIsNone(thread.context)
        self.assertIs(context_of_access(), context)
        self.assertIsNone(context_of_access())

    def test_a_request_that_ends_late_ends_no_other_one(self):
        late = object()
        begin_request(Context("late", request=late))
        begin_request(Context("mine", request=object()))
        end_request(late)
        self.assertEqual(thread.context.request_id, "mine")

    def test_a_job_hides_the_request_that_it_runs_in(self):
        request = object()
        begin_request(Context("mine", request=request))
        begin_job(Context("a-job", job=Job("queue", "res.partner.write", "7")))
        self.assertEqual(thread.context.request_id, "a-job")
        end_job()
        self.assertEqual(thread.context.request_id, "mine")
        end_request(request)
        end_job()
        self.assertIsNone(thread.context)
