'use strict';
const http = require('http');
const ms = require('ms');

const port = Number(process.env.PORT || 3000);
const server = http.createServer((request, response) => {
	response.end(`two days are ${ms('2 days')} ms\n`);
});
server.listen(port, () => console.log(`listening on ${port}`));
for (const signal of ['SIGTERM', 'SIGINT'])
	process.on(signal, () => server.close(() => process.exit(0)));
