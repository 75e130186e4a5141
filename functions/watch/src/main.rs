//! `copperbell-watch`: one scheduled pass, as a Lambda function.

mod event;
mod function;
mod spread;

use std::process::ExitCode;

use lambda_runtime::service_fn;

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
    match lambda_runtime::run(service_fn(|event| function.invoke(event))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
