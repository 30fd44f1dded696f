// SPDX-License-Identifier: Apache-2.0
// node drive.mjs javascript|typescript delivery|preview DELIVERY PREVIEW
//
// Makes all calls of one library, one after the other, at these addresses (HOST:PORT). Prints a JSON
// array of {name, host, result}, or {name, host, error} for a call that the library rejects.
const [library, mode, deliveryAddress, previewAddress] = process.argv.slice(2);

/** What a site can tell an error by. */
function described(error) {
  return {
    status: error.status ?? error.http_code ?? null,
    error_code: error.error_code ?? null,
    error_message: error.error_message ?? String(error.message ?? error),
  };
}

// The libraries log to the console; stdout is for the results alone.
console.log = console.error;

const calls = (await import(`./${library}.mjs`))[mode]({
  delivery: deliveryAddress,
  preview: previewAddress,
});
const results = [];
for (const [name, host, call] of calls) {
  try {
    results.push({ name, host, result: await call() });
  } catch (error) {
    results.push({ name, host, error: described(error) });
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
