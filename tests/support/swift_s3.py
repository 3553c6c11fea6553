#!/usr/bin/python3
"""OpenStack Swift's S3 API (s3api) in one process: proxy, account, container and object server on free ports of 127.0.0.1.

  swift_s3.py DIR         DIR/env has what a client needs (AWS_*, for `source`) when it answers; runs until it is ended

A second opinion beside radosgw: it checks the order and the numbers of parts, and the region in a signature's scope. Swift is
the Debian package python3-swift, which is why the interpreter is Debian's. DIR needs user.* extended attributes.
"""
import logging
import os
import socket
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

HEAD = """[DEFAULT]
swift_dir = {dir}
devices = {dir}/devices
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
# All of it is one process: who is busy is not gone.
conn_timeout = 60
node_timeout = 120
client_timeout = 300
# An object that is there is in the list, too: for this one nobody waits longer than a second, unless told.
container_update_timeout = 120
log_address = {dir}/no-syslog
log_custom_handlers = swift_s3.log_handler
user = root
"""
BACK = """[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
# No memcached: what the proxy would keep there is a dictionary of its own.
FRONT = """[pipeline:main]
pipeline = catch_errors cache s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
paste.filter_factory = swift_s3:cache_factory
[filter:s3api]
use = egg:swift#s3api
location = {region}
s3_acl = false
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
minimum_segment_size = 1
"""
REGION = "swift-1"


class Cache(dict):
    """Of memcached's client, what Swift's middleware calls."""

    def __bool__(self):  # an empty one is one, too
        return True

    def set(self, key, value, **_):
        self[key] = value

    def get(self, key, **_):
        return dict.get(self, key)

    def delete(self, key, **_):
        self.pop(key, None)

    def incr(self, key, delta=1, **_):
        self[key] = int(dict.get(self, key) or 0) + delta
        return self[key]


def cache_factory(_conf, **_):
    kept = Cache()

    def middleware(app):
        def call(environ, start_response):
            environ["swift.cache"] = kept
            return app(environ, start_response)
        return call
    return middleware


def log_handler(_conf, _name, _console, _route, _format, logger, _adapted):
    """To stderr, and not to a syslog that may not be there."""
    logger.handlers = [logging.StreamHandler(sys.stderr)]


def listen():
    s = eventlet.listen(("127.0.0.1", 0), backlog=128)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def main():
    folder = os.path.abspath(sys.argv[1])
    sys.modules["swift_s3"] = sys.modules["__main__"]
    os.makedirs(f"{folder}/devices/d", exist_ok=True)
    write(f"{folder}/swift.conf", "[swift-hash]\nswift_hash_path_suffix = weir\nswift_hash_path_prefix = weir\n"
                                  "[storage-policy:0]\nname = only\ndefault = yes\n")
    utils.set_swift_dir(folder)
    utils.validate_hash_conf()
    socks = {kind: listen() for kind in ("account", "container", "object", "proxy")}
    for kind in ("account", "container", "object"):
        builder = RingBuilder(1, 1, 1)
        builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": socks[kind].getsockname()[1], "device": "d", "weight": 1})
        builder.rebalance()
        builder.get_ring().save(f"{folder}/{kind}.ring.gz")
    quiet = logging.getLogger("wsgi")
    quiet.setLevel(logging.CRITICAL)
    for kind, sock in socks.items():
        conf = f"{folder}/{kind}.conf"
        write(conf, (HEAD + (FRONT if kind == "proxy" else BACK)).format(dir=folder, port=sock.getsockname()[1], kind=kind, region=REGION))
        app = loadapp(conf)
        eventlet.spawn(wsgi.server, sock, app, log=quiet, log_output=False, keepalive=True)
    port = socks["proxy"].getsockname()[1]
    write(f"{folder}/env.new", f"export AWS_ENDPOINT_URL_S3=http://127.0.0.1:{port}\nexport AWS_ACCESS_KEY_ID=test:tester\n"
                               f"export AWS_SECRET_ACCESS_KEY=testing\nexport AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\n"
                               "unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_PROFILE AWS_CA_BUNDLE\n")
    os.rename(f"{folder}/env.new", f"{folder}/env")
    while True:
        eventlet.sleep(3600)


if __name__ == "__main__":
    main()
