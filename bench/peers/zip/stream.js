// A program's output compressed into a file, with back-pressure and without: node stream.js pipe|push OUT PROGRAM ARGS
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const zlib = require('node:zlib');
const [how, out, program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
const gzip = zlib.createGzip({ level: 1 });
gzip.pipe(fs.createWriteStream(out));
if (how === 'pipe') {
    child.stdout.pipe(gzip);
} else { // what write() answers is not looked at
    child.stdout.on('data', (chunk) => gzip.write(chunk));
    child.stdout.on('end', () => gzip.end());
}
