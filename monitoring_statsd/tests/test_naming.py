from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.events.recorder import LABEL_SETS

from .. import metrics
from ..naming import Names, path, segment, tag


@tagged("-at_install", "post_install")
class TestNames(BaseCase):
    def setUp(self):
        super().setUp()
        self.plain = Names("acme", "prod", tagged=False)
        self.tagged = Names("acme", "prod", tagged=True)

    def test_names_are_those_that_dashboards_know(self):
        self.assertEqual(self.plain.get(metrics.REQUEST), "http.request.acme.prod")
        self.assertEqual(
            self.plain.get(metrics.BUTTON, ("sale.order", "action_confirm")),
            "http.button.acme.prod.sale_order.action_confirm",
        )

    def test_with_tags_all_but_the_area_is_a_tag(self):
        self.assertEqual(
            self.tagged.get(metrics.REQUEST, (), ("/web/content/<int:id>", "GET", "200", "db")),
            "http.request|#customer:acme,environment:prod,"
            "route:/web/content/_int:id_,method:GET,status:200,database:db",
        )
        self.assertEqual(
            self.tagged.get(metrics.BUTTON, ("sale.order", "action_confirm"), ("db",)),
            "http.button|#customer:acme,environment:prod,"
            "model:sale.order,method:action_confirm,database:db",
        )

    def test_tags_are_left_out_of_names_without_tags(self):
        name = self.plain.get(metrics.REQUEST, (), ("/web", "GET", "200"))
        self.assertEqual(name, "http.request.acme.prod")

    def test_customer_and_environment_are_spelled_as_the_server_does(self):
        names = Names("Acme & Sons/CH", "labs.7", tagged=False)
        self.assertEqual(names.get(metrics.SQL), "http.sql.Acme__Sons-CH.labs.7")

    def test_nothing_that_a_client_sends_breaks_a_line(self):
        for text in ("a.b", "a:1|c\nx", "a|#b:c,d", "", "x" * 1000, "жук", "\ud800"):
            for made in (segment(text), tag(text), path(text)):
                self.assertNotRegex(made, r"[|#@\n,\s]")
                made.encode("ascii")
            self.assertRegex(segment(text), r"^[A-Za-z0-9_-]{1,100}$")

    def test_accents_are_dropped(self):
        self.assertEqual(segment("Envoyer à l'été"), "Envoyer_a_l_ete")

    def test_names_are_bounded(self):
        made = {
            self.plain.get(metrics.BUTTON, ("res.partner", f"method_{number}"))
            for number in range(2 * LABEL_SETS)
        }
        self.assertEqual(len(made), LABEL_SETS + 1)
        self.assertIn("http.button.acme.prod.other.other", made)
        # a name that was known before is kept
        known = self.plain.get(metrics.BUTTON, ("res.partner", "method_0"))
        self.assertEqual(known, "http.button.acme.prod.res_partner.method_0")
