"""``dev/run [stop|clean]``: the suite on two front-ends behind nginx, ready to log in."""

from ..console import DevError, say
from ..instance import Instance
from ..stack import Stack, check_state_directory


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["stop"], ["clean"]):
        raise DevError("usage: dev/run [stop|clean]")
    stack = Stack()
    check_state_directory(stack.state)
    with stack.lock():
        if arguments == ["stop"]:
            stop(stack)
            say("Stopped; 'dev/run' resumes, 'dev/run clean' removes everything")
        elif arguments == ["clean"]:
            stop(stack)
            stack.clean()
            say(f"Removed {stack.state}")
        else:
            stack.install()
            stack.start()
            # a database of one series is of no use to another
            instance = Instance(stack, f"demo{stack.odoo.series[:2]}")
            instance.prepare()
            instance.start()
            show(instance)
    return 0


def stop(stack: Stack) -> None:
    for directory in (stack.state / "instances").glob("*"):
        Instance(stack, directory.name).stop()
    stack.stop()


def show(instance: Instance) -> None:
    bucket, endpoint = instance.variables["AWS_BUCKETNAME"], instance.stack.seaweedfs.endpoint
    metrics = " and ".join(f"http://127.0.0.1:{node.ports[2]}/metrics" for node in instance.nodes)
    nodes = "\n".join(f"              {node.log}" for node in instance.nodes)
    print(
        f"\n  Odoo        {instance.nginx.url}   (login admin, password admin)"
        f"\n  files       bucket {bucket} at {endpoint}"
        f"\n  sessions    Redis at 127.0.0.1:{instance.stack.redis.port}"
        f"\n  metrics     {metrics}"
        f"\n  logs        {instance.nginx.directory / 'access.log'}\n{nodes}"
        "\n  stop        dev/run stop      (resume: dev/run, remove: dev/run clean)\n",
        flush=True,
    )
