// One lookup by Twilio's own client, told as one line of JSON. Only the base
// URL and the credential differ from what the vendor documents.
const twilio = require("twilio");

const { RINGWARD_URL, RINGWARD_KEY, VERSION, NUMBER, PARAMS, BATCH } = process.env;

// The account SID is public; Ringward replaces it by the real one.
const client = twilio("AC00000000000000000000000000000000", RINGWARD_KEY);
client.lookups.baseUrl = RINGWARD_URL;

const tell = (outcome) => console.log(JSON.stringify(outcome));

const lookup = BATCH
  ? client.lookups.v2.query.create(JSON.parse(BATCH))
  : client.lookups[VERSION].phoneNumbers(NUMBER).fetch(JSON.parse(PARAMS));

lookup
  .then(
    (answer) => tell({ answer: answer.toJSON() }),
    (error) => tell({
      error: {
        class: error.constructor.name,
        ofTheClient: error instanceof twilio.RestException,
        status: error.status,
        code: String(error.code),
        message: error.message,
        requestID: error.details?.request_id,
      },
    }),
  );
