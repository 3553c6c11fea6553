// The usual way in Node: a regular expression for the line, an object, JSON.stringify. elb.mjs FILE; writes to stdout.
import { createReadStream, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const line = /^(\S+) (\S+) (\S+) (\S+):(\d+) (?:(\S+):(\d+)|-) (\S+) (\S+) (\S+) (\S+) (\S+) (\d+) (\d+) "(\S+) (.*?) (\S+)" "([^"]*)" (\S+) (\S+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" (\S+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)"(?: "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)")?(?: (\S+))?/;
const names = ['type', 'time', 'elb', 'client_ip', 'client_port', 'target_ip', 'target_port', 'request_processing_time',
  'target_processing_time', 'response_processing_time', 'elb_status_code', 'target_status_code', 'received_bytes', 'sent_bytes',
  'request_verb', 'request_url', 'request_proto', 'user_agent', 'ssl_cipher', 'ssl_protocol', 'target_group_arn', 'trace_id',
  'domain_name', 'chosen_cert_arn', 'matched_rule_priority', 'request_creation_time', 'actions_executed', 'redirect_url',
  'error_reason', 'target_port_list', 'target_status_code_list', 'classification', 'classification_reason', 'conn_trace_id'];
let parsed = 0, rejected = 0, out = [], bytes = 0;
const flush = () => { writeSync(1, out.join('')); out = []; bytes = 0; };

for await (const text of createInterface({ input: createReadStream(process.argv[2]), crlfDelay: Infinity })) {
  const m = line.exec(text);
  let doc;
  if (m === null) {
    rejected++;
    doc = { message: text, tags: ['_elbparsefailure'] };
  } else {
    parsed++;
    doc = { '@timestamp': m[2] };
    for (let i = 0; i < names.length; i++) doc[names[i]] = m[i + 1] === '-' ? null : m[i + 1];
    for (const k of ['elb_status_code', 'received_bytes', 'sent_bytes', 'client_port']) doc[k] = Number(doc[k]);
  }
  const json = JSON.stringify(doc) + '\n';
  out.push(json);
  bytes += json.length;
  if (bytes > 65536) flush();
}
flush();
console.error(JSON.stringify({ parsed, rejected }));
