// Print the live spikes of a population: node example.mjs tcp://127.0.0.1:17880 reflex
import { connect } from "./spinnlive.mjs";

const [url, population] = process.argv.slice(2);
const live = await connect(url, { token: process.env.SPINNLIVE_TOKEN });
for await (const batch of live.subscribe("spikes", population)) {
  console.log(batch.time_ms, [...batch.ids].join(" "));
}
