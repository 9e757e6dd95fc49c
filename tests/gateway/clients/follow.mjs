// Do once everything that a client can do, and say what was seen. Usage: follow.mjs URL
import { connect, Refused, ServerLost } from "../../../protocols/clients/javascript/spinnlive.mjs";

const live = await connect(process.argv[2]);
console.log("welcome", live.welcome.version, live.welcome.rights.join(","));
const { populations, projections } = await live.network();
console.log("network", populations.map((each) => each.label).join(","), projections[0].post_size);
const spikes = live.subscribe("spikes", "reflex");
await spikes.open();
console.log("ready");
for (let number = 0; number < 3; number++) {
  const { value } = await spikes.next();
  console.log("spikes", value.tick, value.time_ms, [...value.ids].join(" "));
}
await live.inject("touch", [0, 3]);
try {
  await live.inject("nobody", [1]);
} catch (error) {
  console.log(error instanceof Refused, error.code);
}
for await (const { weights, unit } of live.subscribe("weights", "plastic", 50)) {
  console.log("weights", weights.join(" "), unit);
  break;
}
console.log("clock", (await live.ping()).host_s > 0);
console.log("done");
let more = 0;
try {
  for await (const _ of spikes) more++;
  console.log("ended", more);
} catch (error) {
  console.log(error instanceof ServerLost, error.code);
}
