"""The CRC-32 and the size of stdin: "CRC BYTES NAME"."""
import sys
import zlib

crc = size = 0
while piece := sys.stdin.buffer.read(1 << 20):
    crc, size = zlib.crc32(piece, crc), size + len(piece)
print(f"{crc:08x} {size} {sys.argv[1]}")
