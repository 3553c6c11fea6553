// S3 to S3: validate-s3 BUCKET KEY OUT-KEY SCHEMA.json; endpoint, region and keys: AWS_* in the environment.
//
// The object is streamed; the work is done on a blocking thread between two pipes of the async runtime, and parts of 8 MiB are sent
// while the next ones are made, two at a time.
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_sdk_s3::Client;
use std::{env, error::Error, fs, io, io::BufReader, io::Write, mem};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::io::SyncIoBridge;

const PART_BYTES: usize = 8 << 20;
const IN_FLIGHT: usize = 2;

struct Parts {
    part: Vec<u8>,
    to: mpsc::Sender<Vec<u8>>,
}

impl Parts {
    fn send(&mut self) -> io::Result<()> {
        let part = mem::replace(&mut self.part, Vec::with_capacity(PART_BYTES));
        self.to.blocking_send(part).map_err(|_| io::Error::other("the upload has failed"))
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(PART_BYTES - self.part.len());
        self.part.extend_from_slice(&bytes[..n]);
        if self.part.len() == PART_BYTES {
            self.send()?;
        }
        Ok(n)
    }

    // What is left is the last part, and is sent by main.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn upload(client: Client, bucket: String, key: String, mut parts: mpsc::Receiver<Vec<u8>>) -> Result<(), aws_sdk_s3::Error> {
    let created = client.create_multipart_upload().bucket(&bucket).key(&key).send().await?;
    let id = created.upload_id().unwrap_or_default().to_owned();
    let mut running: JoinSet<Result<CompletedPart, aws_sdk_s3::Error>> = JoinSet::new();
    let mut done = Vec::new();
    let mut number = 0;
    while let Some(part) = parts.recv().await {
        if part.is_empty() && number > 0 {
            continue;
        }
        number += 1;
        if running.len() == IN_FLIGHT {
            done.push(running.join_next().await.unwrap().unwrap()?);
        }
        let (client, bucket, key, id) = (client.clone(), bucket.clone(), key.clone(), id.clone());
        running.spawn(async move {
            let sent = client
                .upload_part()
                .bucket(bucket)
                .key(key)
                .upload_id(id)
                .part_number(number)
                .body(ByteStream::from(part))
                .send()
                .await?;
            Ok(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build())
        });
    }
    while let Some(part) = running.join_next().await {
        done.push(part.unwrap()?);
    }
    done.sort_by_key(|part| part.part_number());
    let all = CompletedMultipartUpload::builder().set_parts(Some(done)).build();
    client.complete_multipart_upload().bucket(&bucket).key(&key).upload_id(&id).multipart_upload(all).send().await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let schema = fs::read_to_string(&args[4])?;
    let shared = aws_config::load_from_env().await;
    let mut config = aws_sdk_s3::config::Builder::from(&shared)
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
    if let Ok(endpoint) = env::var("AWS_ENDPOINT_URL_S3") {
        config = config.endpoint_url(endpoint);
    }
    let client = Client::from_conf(config.build());
    let object = client.get_object().bucket(&args[1]).key(&args[2]).send().await?;
    let (to, parts) = mpsc::channel(1);
    let sent = tokio::spawn(upload(client.clone(), args[1].clone(), args[3].clone(), parts));
    let input = BufReader::with_capacity(1 << 18, SyncIoBridge::new(object.body.into_async_read()));
    let mut output = Parts { part: Vec::with_capacity(PART_BYTES), to };
    let work = move || -> Result<(u64, u64), String> {
        let counts = validate::validate(input, &mut output, &schema).map_err(|e| e.to_string())?;
        output.send().map_err(|e| e.to_string())?;
        Ok(counts)
    };
    let (rows, invalid) = tokio::task::spawn_blocking(work).await??;
    sent.await??;
    println!("{{\"rows\":{rows},\"invalid\":{invalid}}}");
    Ok(())
}
