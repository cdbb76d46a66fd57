// One lookup by Telnyx's own client, told as one line of JSON. Only the base
// URL and the credential differ from what the vendor documents.
const { Telnyx } = require("telnyx");

const { RINGWARD_URL, RINGWARD_KEY, NUMBER, PARAMS, OPTIONS } = process.env;

const client = new Telnyx({ apiKey: RINGWARD_KEY, baseURL: RINGWARD_URL + "/v2" });

const tell = (outcome) => console.log(JSON.stringify(outcome));

client.numberLookup
  .retrieve(NUMBER, JSON.parse(PARAMS), JSON.parse(OPTIONS))
  .then(
    (answer) => tell({ answer }),
    (error) => tell({
      error: {
        class: error.constructor.name,
        ofTheClient: error instanceof Telnyx.APIError,
        status: error.status,
        code: error.error?.errors?.[0]?.code,
        message: error.message,
        requestID: error.headers?.get("x-request-id"),
        cause: error.cause && String(error.cause),
      },
    }),
  );
