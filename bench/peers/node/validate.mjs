// The main job in Node done well: csv-parse to arrays, a schema compiled by ajv, JSON cells parsed, csv-stringify, gzip at level 1
// that nobody flushes.
//
//   node validate.mjs IN OUT SCHEMA.json        IN and OUT: a path, or s3://bucket/key
import { readFileSync } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify";
import { sink, source } from "./ends.mjs";

const [inName, outName, schemaPath] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
const ajv = new Ajv({ strict: false });
formats(ajv);
// The package's own takes a blank for the T.
const dateTime = ajv.formats["date-time"];
ajv.addFormat("date-time", { validate: (s) => s[10] !== " " && dateTime.validate(s) });
const check = ajv.compile(schema);

// Whether the cells of a column are text; all others are JSON.
function isText(name) {
    let property = schema.properties[name] ?? {};
    if (property.$ref) property = property.$ref.slice(2).split("/").reduce((at, step) => at[step], schema);
    return property.type === undefined || property.type === "string";
}

let names;
let texts;
let rows = 0;
let invalid = 0;

function judge(cells) {
    const row = {};
    const errors = cells.length === names.length ? [] : [`row: ${cells.length} fields, the header has ${names.length}`];
    for (let i = 0; i < names.length && i < cells.length; i++) {
        if (cells[i] === "") continue;
        if (texts[i]) {
            row[names[i]] = cells[i];
            if (cells[i].includes("\uFFFD")) errors.push(`${names[i]}: not UTF-8`); // what a decoder leaves
            continue;
        }
        try {
            row[names[i]] = JSON.parse(cells[i]);
        } catch {
            errors.push(`${names[i]}: not JSON`);
        }
    }
    if (!check(row)) errors.push(...check.errors.map((e) => `${e.instancePath}: ${e.message}`));
    rows++;
    invalid += errors.length > 0;
    cells.length = names.length;
    cells.push(errors.length === 0 ? "true" : "false", errors.join("; "));
    return cells;
}

const work = new Transform({
    objectMode: true,
    transform(cells, _encoding, done) {
        if (names) return done(null, judge(cells));
        names = cells;
        texts = names.map(isText);
        done(null, [...names, "valid", "errors"]);
    },
});
const body = await source(inName);
const { stream, done } = await sink(outName);
const text = parse({ relax_column_count: true, relax_quotes: true });
await Promise.all([pipeline(body, text, work, stringify(), zlib.createGzip({ level: 1 }), stream), done]);
console.log(JSON.stringify({ rows, invalid }));
