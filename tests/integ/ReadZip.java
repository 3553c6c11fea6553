import java.io.*;
import java.util.zip.*;

/* The entries of a ZIP as Java's stream reader sees them: "CRC BYTES NAME", a line each. */
class ReadZip {
    public static void main(String[] args) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(new FileInputStream(args[0]), 1 << 16));
             PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8")) {
            for (ZipEntry e; (e = zip.getNextEntry()) != null; ) {
                CRC32 crc = new CRC32();
                long n = 0;
                for (int got; (got = zip.read(buffer)) > 0; n += got) {
                    crc.update(buffer, 0, got);
                }
                out.printf("%08x %d %s%n", crc.getValue(), n, e.getName());
            }
            out.flush();
        }
    }
}
