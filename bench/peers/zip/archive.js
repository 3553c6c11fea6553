// archiver at level 1, as the reference service uses it: node archive.js OUT.zip FILE
const fs = require('node:fs');
const archiver = require(process.env.ARCHIVER || 'archiver');
const [out, file] = process.argv.slice(2);
const archive = archiver('zip', { zlib: { level: 1 } });
archive.on('error', (e) => { throw e; });
archive.pipe(fs.createWriteStream(out));
archive.file(file, { name: 'log.txt' });
archive.finalize();
