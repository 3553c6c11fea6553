// File to file: validate IN.csv OUT.csv.gz SCHEMA.json
use std::{env, error::Error, fs, fs::File, io::BufReader, io::BufWriter};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let input = BufReader::with_capacity(1 << 18, File::open(&args[1])?);
    let output = BufWriter::with_capacity(1 << 18, File::create(&args[2])?);
    let (rows, invalid) = validate::validate(input, output, &fs::read_to_string(&args[3])?)?;
    println!("{{\"rows\":{rows},\"invalid\":{invalid}}}");
    Ok(())
}
