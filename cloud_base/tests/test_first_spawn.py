from odoo.service import server
from odoo.tests import BaseCase, tagged

from ..startup import first_spawn


@tagged("-at_install", "post_install")
class TestFirstSpawn(BaseCase):
    def test_an_action_is_called_once_and_before_the_first_spawn(self):
        for name, server_class in (
            ("cron_spawn", server.ThreadedServer),
            ("process_spawn", server.PreforkServer),
        ):
            with self.subTest(name):
                calls = []
                self.patch(first_spawn, "_actions", [])
                self.patch(
                    server_class,
                    name,
                    first_spawn._acting(lambda this, calls=calls: calls.append("spawn")),
                )
                first_spawn.before_first_spawn(lambda calls=calls: calls.append("action"))
                started = server_class.__new__(server_class)
                getattr(started, name)()
                getattr(started, name)()
                self.assertEqual(calls, ["action", "spawn", "spawn"])

    def test_a_start_may_end_before_the_first_spawn(self):
        def end():
            raise SystemExit(78)

        self.patch(first_spawn, "_actions", [end])
        spawned = []
        with self.assertRaises(SystemExit):
            first_spawn._acting(spawned.append)(None)
        self.assertEqual(spawned, [])
