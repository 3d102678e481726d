from types import SimpleNamespace

from odoo.tests import BaseCase, tagged

from ..events.http_requests import METHODS, ServedRequest
from ..events.route_labels import FAILED, LIMIT, OTHER, RouteLabels

STATUSES = (400, 401, 403, 404, 405, 413, 415, 500, 503)


@tagged("-at_install", "post_install")
class TestRouteLabels(BaseCase):
    def request(self, route, method="GET", status=200, kind="http", **attributes):
        request = ServedRequest({"REQUEST_METHOD": method})
        request.route, request.status, request.kind = route, status, kind
        for name, value in attributes.items():
            setattr(request, name, value)
        return request

    def test_routes_that_fail_have_as_many_labels_whatever_is_asked_for(self):
        labels = RouteLabels()
        found = {
            labels.get(self.request(f"/{number}", method, status))
            for number in range(300)
            for method in METHODS
            for status in STATUSES
        }
        self.assertEqual({route for route, _method in found}, {FAILED})
        self.assertEqual({method for _route, method in found}, {"GET", "HEAD", "POST", OTHER})

    def test_a_route_that_has_worked_keeps_its_label_when_it_fails(self):
        labels = RouteLabels()
        self.assertEqual(labels.get(self.request("/a")), ("/a", "GET"))
        self.assertEqual(labels.get(self.request("/a", status=500)), ("/a", "GET"))
        self.assertEqual(labels.get(self.request("/a", "POST", 500)), (FAILED, "POST"))

    def test_a_route_that_fails_for_a_user_has_its_label(self):
        labels = RouteLabels()
        core = SimpleNamespace(session=SimpleNamespace(uid=2))
        self.assertEqual(labels.get(self.request("/a", status=500, _request=core)), ("/a", "GET"))
        core.session.uid = None
        self.assertEqual(
            labels.get(self.request("/b", status=500, _request=core)), (FAILED, "GET")
        )

    def test_a_redirect_to_the_log_in_page_is_no_success(self):
        labels = RouteLabels()
        refused = self.request("/web", status=303, has_failed=True)
        self.assertEqual(labels.get(refused), (FAILED, "GET"))
        self.assertEqual(labels.get(self.request("/web", status=303)), ("/web", "GET"))

    def test_methods_that_a_route_does_not_declare_are_one(self):
        labels = RouteLabels()
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
            self.assertEqual(labels.get(self.request("/a", method)), ("/a", OTHER))
        declared = self.request("/b", "PUT", methods={"PUT", "OPTIONS"})
        self.assertEqual(labels.get(declared), ("/b", "PUT"))
        get = self.request("/b", "GET", methods={"PUT", "OPTIONS"})
        self.assertEqual(labels.get(get), ("/b", OTHER))

    def test_what_no_controller_answers_keeps_its_fixed_labels(self):
        labels = RouteLabels()
        self.assertEqual(labels.get(self.request("static", kind="static")), ("static", "GET"))
        unmatched = self.request("unmatched", status=404, kind="none")
        self.assertEqual(labels.get(unmatched), ("unmatched", "GET"))

    def test_what_is_remembered_is_bounded(self):
        labels = RouteLabels()
        for number in range(LIMIT + 100):
            self.assertEqual(labels.get(self.request(f"/{number}"))[0], f"/{number}")
        self.assertEqual(len(labels._known), LIMIT)
        self.assertEqual(labels.get(self.request(f"/{LIMIT + 1}", status=500))[0], FAILED)
