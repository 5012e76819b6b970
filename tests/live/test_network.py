"""A bad network between the runner and its server: slow, jittery, cut after so many bytes, half closed, dripping, gone for a
while, reset; and a server that falters as its fail points say. A run ends with the right data, or honestly, and
`resume` finishes it (scenario.py).

Toxiproxy makes the network bad without knowing what a message is; what needs one message exactly is in test_crash.py.
"""

import threading
import unittest

import migrations as m
from harness import LONG, wait_for
from scenario import CrashTest, Scenario
from toxi import Toxiproxy

HONEST = (m.FAILED, m.LOCKED, m.FENCED)  # with the words that say what is known


class NetworkTest(CrashTest):
    FAULT_S = 3

    def after_a_while(self, act):
        """Not a wait of the test: the fault's own length."""
        timer = threading.Timer(self.FAULT_S, act)
        timer.start()
        self.addCleanup(timer.join)

    @classmethod
    def setUpClass(cls):
        cls.toxiproxy = Toxiproxy()
        cls.addClassCleanup(cls.toxiproxy.close)

    def link(self, server):
        return self.toxiproxy.link(server)

    def started(self, **options):
        """A scenario, and a run of it that is in the middle: its first batch has begun."""
        scenario = Scenario(self, between=self.link, **options)
        runner = scenario.spawn()
        wait_for(lambda: "step.started" in runner.out() and '"mark"' in runner.out(), what="the batch")
        return scenario, runner

    def right_or_honest(self, scenario, runner, calm, must_succeed=False):
        status = runner.ended(400)
        if status == 0:
            self.assertEqual(set(scenario.states().values()), {"applied"})
        else:
            self.assertFalse(must_succeed, runner.err())
            self.assertIn(status, HONEST, runner.err())
            self.assertRegex(runner.err(), r'"message" ?: ?"|migtui: ')
        scenario.proxy.clear()
        scenario.finish()
        scenario.check(calm)
        return status

    def through(self, calm, *toxics, must_succeed=False, lease=30):
        """A run all of which has these toxics: (kind, stream, attributes)."""
        scenario = Scenario(self, between=self.link, lease=lease)
        for kind, stream, attributes in toxics:
            scenario.proxy.add(kind, stream, **attributes)
        return self.right_or_honest(scenario, scenario.spawn(), calm, must_succeed)


class Slow(NetworkTest):
    def test_a_run_gets_through_latency_with_jitter(self):
        calm, _ = self.undisturbed()
        times = (5, 20, 50, 100, 200, 500) if LONG else (5, 30)

        def late(ms):
            self.through(calm, ("latency", "downstream", {"latency": ms, "jitter": ms // 2}), must_succeed=True)

        self.everywhere(late, times)

    def test_a_run_gets_through_half_a_second_that_begins_in_its_middle_and_ends_again(self):
        calm, _ = self.undisturbed()
        scenario, runner = self.started()
        for stream in ("upstream", "downstream"):
            scenario.proxy.add("latency", stream, latency=250, jitter=100)
        self.after_a_while(scenario.proxy.clear)
        self.right_or_honest(scenario, runner, calm, must_succeed=True)

    def test_a_run_gets_through_a_line_that_drips(self):
        calm, _ = self.undisturbed()
        drips = [
            [("slicer", stream, {"average_size": 40, "size_variation": 20, "delay": 500}) for stream in ("upstream", "downstream")],
            [("bandwidth", "downstream", {"rate": 20})],
            [("bandwidth", "upstream", {"rate": 20})],
        ]
        self.everywhere(lambda drip: self.through(calm, *drip, must_succeed=True), drips if LONG else drips[:2])


class Cut(NetworkTest):
    """limit_data ends every connection after so many bytes: at its first, in the middle of a message, between two."""

    def every(self, stream, *short):
        """Numbers of bytes: below what the handshake takes nothing is ever sent; below what a command takes, that is not."""
        return [(stream, size) for size in (range(200, 30000, 997) if LONG else short)]

    def cut(self, calm, point):
        stream, size = point
        return self.through(calm, ("limit_data", stream, {"bytes": size}))

    def test_connections_that_end_after_so_many_bytes_from_the_server(self):
        calm, _ = self.undisturbed()
        self.everywhere(lambda point: self.cut(calm, point), self.every("downstream", 777, 4409, 9001, 20011))

    def test_connections_that_end_after_so_many_bytes_to_the_server(self):
        calm, _ = self.undisturbed()
        self.everywhere(lambda point: self.cut(calm, point), self.every("upstream", 777, 20011, 40009))


class Gone(NetworkTest):
    def test_a_run_gets_over_a_server_that_is_out_of_reach_for_three_seconds(self):
        calm, _ = self.undisturbed()
        scenario, runner = self.started()
        scenario.proxy.up(False)
        self.after_a_while(lambda: scenario.proxy.up(True))
        self.right_or_honest(scenario, runner, calm, must_succeed=True)

    def test_a_line_on_which_one_direction_is_silent_for_three_seconds(self):
        calm, _ = self.undisturbed()

        def silent(stream):
            scenario, runner = self.started()
            scenario.proxy.add("timeout", stream, timeout=0)  # what comes is swallowed, the connection stands
            self.after_a_while(scenario.proxy.clear)
            self.right_or_honest(scenario, runner, calm)

        self.everywhere(silent, ("upstream", "downstream"))

    @unittest.skipUnless(LONG, "a minute of waiting")
    def test_a_line_on_which_one_direction_stays_silent_for_longer_than_the_lease(self):
        calm, _ = self.undisturbed()

        def silent(stream):
            scenario, runner = self.started(lease=5)
            scenario.proxy.add("timeout", stream, timeout=0)
            status = self.right_or_honest(scenario, runner, calm)
            self.assertNotEqual(status, 0)

        self.everywhere(silent, ("upstream", "downstream"))

    def test_connections_that_are_reset(self):
        calm, _ = self.undisturbed()

        def reset(stream):
            scenario, runner = self.started()
            scenario.proxy.add("reset_peer", stream, timeout=100)
            self.after_a_while(scenario.proxy.clear)
            self.right_or_honest(scenario, runner, calm)

        self.everywhere(reset, ("upstream", "downstream"))


class ServerFailPoints(CrashTest):
    """configureFailPoint and replSetStepDown: one at a time, since a fail point is the whole server's."""

    flags = {"failpoints": True}
    WRITES = ("update", "insert", "findAndModify", "bulkWrite", "commitTransaction", "create", "createIndexes", "renameCollection")

    def over_it(self, calm, commands, must_succeed, times=1, **data):
        scenario = Scenario(self)
        with scenario.server.fail_point(commands, times=times, **data):
            runner = scenario.spawn()
            status = runner.ended(150)
        if status != 0:
            self.assertFalse(must_succeed, runner.err())
            self.assertIn(status, HONEST, runner.err())
        else:
            self.assertEqual(set(scenario.states().values()), {"applied"})
        scenario.finish()
        scenario.check(calm)

    def each(self, commands, **how):
        calm, _ = self.undisturbed()
        for command in commands:
            with self.subTest(command):
                self.over_it(calm, [command], **how)

    def test_a_connection_that_closes_instead_of_answering(self):
        commands = self.WRITES if LONG else ("insert", "bulkWrite", "create")  # the others: test_crash.py
        self.each(commands, must_succeed=True, closeConnection=True)

    def test_a_primary_that_is_none_for_two_commands(self):
        commands = self.WRITES if LONG else ("findAndModify", "commitTransaction")
        self.each(commands, must_succeed=False, times=2, errorCode=10107, errorLabels=["RetryableWriteError"])

    def test_a_storm_of_write_conflicts(self):
        commands = ["update", "delete", "bulkWrite", "insert"]
        calm, _ = self.undisturbed()
        labels = ["TransientTransactionError"]
        for times in (1, 5, 20) if LONG else (5,):
            with self.subTest(times):
                self.over_it(calm, commands, False, times=times, errorCode=112, errorLabels=labels)

    def test_a_write_concern_that_is_not_met_once(self):
        late = {"code": 64, "codeName": "WriteConcernTimeout", "errmsg": "waiting for replication timed out"}
        self.each(self.WRITES if LONG else ("update", "commitTransaction"), must_succeed=False, writeConcernError=late)

    def test_commands_that_hang_for_two_seconds(self):
        commands = self.WRITES if LONG else ("update", "findAndModify")
        self.each(commands, must_succeed=True, blockConnection=True, blockTimeMS=2000)

    def test_a_primary_that_steps_down_in_the_middle(self):
        calm, _ = self.undisturbed()
        points = (("update", "people"), ("commitTransaction", None), ("findAndModify", "migtui_lock"))
        for name, collection in points if LONG else points[:2]:
            with self.subTest(name):
                scenario = Scenario(self)
                with scenario.proxy.on(name, collection, hold=True) as caught:
                    runner = scenario.spawn()
                    caught.wait()
                    scenario.server.client().admin.command({"replSetStepDown": 2, "force": True})
                    caught.release()
                    status = runner.ended(150)
                self.assertIn(status, (0, *HONEST), runner.err())
                scenario.finish()
                scenario.check(calm)


if __name__ == "__main__":
    unittest.main()
