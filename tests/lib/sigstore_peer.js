// The sigstore project's own JavaScript, as a peer (npm: @sigstore/verify, @sigstore/bundle, @sigstore/protobuf-specs,
// and @sigstore/mock and @sigstore/sign to make things; found by NODE_PATH).
//
//   sigstore_peer.js verify BUNDLE KEY.pub [ARTIFACT]   is it signed by the key?
//   sigstore_peer.js verify-keyless BUNDLE ROOT [ARTIFACT]
//   sigstore_peer.js make DIR                           bundles and a trusted root, made by its mock of sigstore
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");

const { bundleFromJSON, bundleToJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

function entity(file, artifact) {
	const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(file)));
	return toSignedEntity(bundle, artifact && fs.readFileSync(artifact));
}

function verify(file, keyFile, artifact) {
	const der = crypto.createPublicKey(fs.readFileSync(keyFile)).export({ format: "der", type: "spki" });
	const hint = crypto.createHash("sha256").update(der).digest("base64");
	const root = TrustedRoot.fromJSON({ mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" });
	const finder = (asked) => {
		if (asked !== hint) throw new Error(`hint '${asked}' is not of the key`);
		return { publicKey: crypto.createPublicKey(fs.readFileSync(keyFile)), validFor: () => true };
	};
	new Verifier(toTrustMaterial(root, finder), { tlogThreshold: 0, timestampThreshold: 0, ctlogThreshold: 0 })
		.verify(entity(file, artifact));
}

function verifyKeyless(file, rootFile, artifact) {
	const root = TrustedRoot.fromJSON(JSON.parse(fs.readFileSync(rootFile)));
	new Verifier(toTrustMaterial(root), { tlogThreshold: 1, timestampThreshold: 1, ctlogThreshold: 1 })
		.verify(entity(file, artifact));
}

// The mock's handlers on one port of this machine, each under a prefix of its own.
function serve(handlers) {
	const server = http.createServer((req, res) => {
		const [, prefix, ...rest] = req.url.split("/");
		const handler = handlers[prefix];
		const parts = [];
		if (!handler || handler.path !== "/" + rest.join("/")) {
			res.writeHead(404).end();
			return;
		}
		req.on("data", (d) => parts.push(d));
		req.on("end", async () => {
			const r = await handler.fn(Buffer.concat(parts).toString());
			res.writeHead(r.statusCode, { "Content-Type": r.contentType || "text/plain" });
			res.end(typeof r.response === "string" ? r.response : Buffer.from(r.response));
		});
	});
	return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

function b64(bytes) {
	return Buffer.from(bytes).toString("base64");
}

function trustedRoot(ca, ctlog, tlog) {
	const validFor = { start: new Date(Date.now() - 60000).toISOString() };
	const log = (key, host) => ({
		baseUrl: `https://${host}`, hashAlgorithm: "SHA2_256",
		publicKey: { rawBytes: b64(key), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
		logId: { keyId: crypto.createHash("sha256").update(key).digest("base64") },
	});
	return {
		mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		tlogs: [log(tlog.publicKey, "rekor.mock")], ctlogs: [log(ctlog.publicKey, "ct.mock")],
		certificateAuthorities: [{
			subject: { organization: "sigstore.mock", commonName: "sigstore" }, uri: "https://ca.mock", validFor,
			certChain: { certificates: [{ rawBytes: b64(ca.rootCertificate) }] },
		}],
	};
}

function token() {
	const part = (o) => Buffer.from(JSON.stringify(o)).toString("base64url");
	const now = Math.floor(Date.now() / 1000);
	return [part({ alg: "RS256", typ: "JWT" }),
		part({ iss: "https://accounts.example.com", aud: "sigstore", sub: "https://git.example.com/release",
			exp: now + 60, iat: now }), part("sig")].join(".");
}

async function make(dir) {
	const mock = require("@sigstore/mock");
	const sign = require("@sigstore/sign");
	const pair = () => crypto.generateKeyPairSync("ec", { namedCurve: "prime256v1" });
	const ctlog = await mock.initializeCTLog(pair());
	const ca = await mock.initializeCA(pair(), ctlog);
	const tlog = await mock.initializeTLog("https://rekor.mock", pair());
	const server = await serve({ fulcio: mock.fulcioHandler(ca, { strict: true }), rekor: mock.rekorHandler(tlog, {}) });
	const url = `http://127.0.0.1:${server.address().port}`;
	const signer = () => new sign.FulcioSigner({ fulcioBaseURL: `${url}/fulcio`,
		identityProvider: { getToken: async () => token() } });
	// Its entries of other kinds, and those of Rekor 2, are not whole: its own verifier refuses them.
	const rekor = (entryType) => [new sign.RekorWitness({ rekorBaseURL: `${url}/rekor`, entryType })];
	const data = fs.readFileSync(`${dir}/artifact`);
	const statement = Buffer.from(JSON.stringify({ _type: "https://in-toto.io/Statement/v1",
		subject: [{ name: "artifact", digest: { sha256: crypto.createHash("sha256").update(data).digest("hex") } }],
		predicateType: "https://example.com/predicate", predicate: {} }));
	const jobs = {
		message: [sign.MessageSignatureBundleBuilder, rekor(), data],
		intoto: [sign.DSSEBundleBuilder, rekor("intoto"), statement],
	};

	fs.writeFileSync(`${dir}/root.json`, JSON.stringify(trustedRoot(ca, ctlog, tlog)));
	for (const [name, [Builder, w, bytes]] of Object.entries(jobs)) {
		const builder = new Builder({ signer: signer(), witnesses: w });
		try {
			const bundle = await builder.create({ data: bytes, type: "application/vnd.in-toto+json" });
			fs.writeFileSync(`${dir}/${name}.bundle.json`, JSON.stringify(bundleToJSON(bundle)));
		} catch (e) {
			console.log(`${name}: ${e.message}${e.cause ? ": " + e.cause.message : ""}`);
		}
	}
	server.close();
}

const [what, ...args] = process.argv.slice(2);
const jobs = { verify, "verify-keyless": verifyKeyless, make };
Promise.resolve().then(() => jobs[what](...args)).catch((e) => {
	console.error(`${e.name}: ${e.message}`);
	process.exitCode = 1;
});
