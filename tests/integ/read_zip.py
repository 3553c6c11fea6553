"""The entries of a ZIP as Python sees them: "CRC BYTES NAME", a line each, after reading all of them."""
import sys
import zipfile
import zlib

with zipfile.ZipFile(sys.argv[1]) as archive:
    for info in archive.infolist():
        crc = size = 0
        with archive.open(info) as entry:
            while piece := entry.read(1 << 20):
                crc = zlib.crc32(piece, crc)
                size += len(piece)
        assert size == info.file_size and crc == info.CRC, info
        print(f"{crc:08x} {size} {info.filename}")
