// Fetch a page with Node's own https: `https.js URL`.
const https = require('https')
https.get(process.argv[2], answer => answer.resume()).on('error', error => {
  console.error(error.code + ': ' + error.message)
  process.exit(1)
})
