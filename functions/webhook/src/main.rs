//! `copperbell-webhook`: one delivery of GitHub's, as a Lambda function behind API Gateway or a Function URL.

mod function;
mod request;

use std::io;
use std::process::ExitCode;

use lambda_http::{lambda_runtime, service_fn};

use crate::function::Function;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> io::Result<ExitCode> {
    // Names are looked up by threads of their own. Each further one is a twentieth of a cold start, and the table's name,
    // asked for first, waits for a chat's only if its connection is lost while that lookup hangs.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()?;
    Ok(runtime.block_on(run()))
}

async fn run() -> ExitCode {
    let function = match Function::init().await {
        Ok(function) => function,
        Err(error) => {
            tracing::error!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    match lambda_runtime::run(service_fn(|event| function.answer(event))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
