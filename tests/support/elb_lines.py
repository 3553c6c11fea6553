#!/usr/bin/env python3
"""Access log lines of an Application Load Balancer on stdout: elb_lines.py N [SEED]"""
import random
import sys

AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
          "curl/8.4.0", "ELB-HealthChecker/2.0",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
          "Mobile/15E148 Safari/604.1"]
draw = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
for i in range(int(sys.argv[1])):
    client = ".".join(str(draw.randrange(1, 255)) for _ in range(4))
    status = draw.choice([200] * 8 + [301, 404, 502])
    at = f"2026-01-15T09:{i // 60 % 60:02d}:{i % 60:02d}.{draw.randrange(1000000):06d}Z"
    target = f"10.0.{draw.randrange(4)}.{draw.randrange(250)}:8080"
    sys.stdout.write(
        f"h2 {at} app/front/50dc6c495c0c9188 {client}:{draw.randrange(1024, 65535)} {target} 0.001 0.{draw.randrange(1000):03d} "
        f"0.000 {status} {status} {draw.randrange(40, 900)} {draw.randrange(100, 90000)} "
        f"\"GET https://www.example.com:443/api/v1/items/{i}?page={i % 50}&sort=asc HTTP/2.0\" \"{draw.choice(AGENTS)}\" "
        "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/front/73e2d6bc24d8a067 "
        f"\"Root=1-65a4f000-{draw.getrandbits(96):024x}\" \"www.example.com\" "
        "\"arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\" 1 "
        f"{at} \"forward\" \"-\" \"-\" \"{target}\" \"{status}\" \"-\" \"-\" TID_{draw.getrandbits(128):032x}\n")
