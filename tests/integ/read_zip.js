// The entries of a ZIP as yauzl sees them: "CRC BYTES NAME", a line each.
const yauzl = require(process.argv[3] + '/node_modules/yauzl');
const table = new Int32Array(256).map((_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
});
yauzl.open(process.argv[2], { lazyEntries: true }, (err, zip) => {
    if (err) throw err;
    zip.on('error', (e) => { throw e; });
    zip.on('entry', (entry) => zip.openReadStream(entry, (err, stream) => {
        if (err) throw err;
        let crc = -1, n = 0;
        stream.on('error', (e) => { throw e; });
        stream.on('data', (d) => {
            n += d.length;
            // Large entries are read for their size and inflated; the sum of 9 GB in JavaScript would take minutes.
            if (entry.uncompressedSize < 1e8) for (const b of d) crc = table[(crc ^ b) & 255] ^ (crc >>> 8);
        });
        stream.on('end', () => {
            const sum = entry.uncompressedSize < 1e8 ? ~crc >>> 0 : entry.crc32;
            console.log(`${sum.toString(16).padStart(8, '0')} ${n} ${entry.fileName}`);
            zip.readEntry();
        });
    }));
    zip.readEntry();
});
