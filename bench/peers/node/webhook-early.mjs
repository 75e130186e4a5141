// As a function is written by somebody who has read about cold starts: the secret is read before the first event.
import { handler, secrets } from "./bell.mjs";
import { run } from "./runtime.mjs";

secrets().catch(() => {}).finally(() => run(handler));
