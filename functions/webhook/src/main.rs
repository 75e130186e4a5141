//! `copperbell-webhook`: one delivery of GitHub's, as a Lambda function behind API Gateway or a Function URL.

mod function;
mod request;

use std::process::ExitCode;

use lambda_http::{lambda_runtime, service_fn};

use crate::function::Function;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
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
