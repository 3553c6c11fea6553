#!/usr/bin/env python3
"""measure.py OUT.json COMMAND...: runs the command and writes what it used: user and system CPU and peak memory of the process
and of its children that it waited for (wait4), and the wall time. Its own exit status is the command's.

The peak of a process begins with that of the one that started it: this script's 10 MB are the floor of the figure."""
import json
import os
import sys
import time

start = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], "w") as f:
    json.dump({"user_s": round(used.ru_utime, 3), "sys_s": round(used.ru_stime, 3), "cpu_s": round(used.ru_utime + used.ru_stime, 3),
               "rss_mb": round(used.ru_maxrss / 1024, 1), "wall_s": round(time.monotonic() - start, 3)}, f)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
