"""So many bytes of access log on stdout, always the same: 16 MB of lines that differ, repeated with another date each time."""
import random
import sys

LEFT = int(sys.argv[1])
rnd = random.Random(1)
AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
          "curl/8.5.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15",
          "ELB-HealthChecker/2.0"]
PATHS = ["/api/v1/orders/{}", "/static/app.{:x}.js", "/users/{}/profile", "/search?q={:x}", "/health"]
lines = []
for _ in range(100000):
    r = rnd.randrange
    lines.append(f'{r(1, 224)}.{r(256)}.{r(256)}.{r(256)} - - [2026-11-25T{r(24):02}:{r(60):02}:{r(60):02}Z] '
                 f'"GET {rnd.choice(PATHS).format(r(1 << 20))} HTTP/1.1" {rnd.choice((200, 200, 200, 304, 404, 500))} '
                 f'{r(100, 90000)} "{rnd.choice(AGENTS)}" {rnd.random():.3f}\n')
text = "".join(lines)
day = 0
while LEFT > 0:
    piece = text.replace("2026-11-25", f"{2000 + day // 336:04}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}").encode()[:LEFT]
    sys.stdout.buffer.write(piece)
    LEFT -= len(piece)
    day += 1
