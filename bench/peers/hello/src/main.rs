//! The floor: the least that `lambda_http` can do. It reads nothing, asks nobody and says ok.

use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: Request| Ok::<_, Error>("ok\n"))).await
}
