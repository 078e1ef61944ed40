// Fetch a page with the standard's fetch: `fetch.js URL`.
const words = typeof Deno === 'undefined' ? process.argv.slice(2) : Deno.args
if (typeof fetch === 'undefined') process.exit(77)
fetch(words[0]).then(answer => answer.text()).catch(error => {
  const cause = error.cause || error
  console.error((cause.code ? cause.code + ': ' : '') + cause.message)
  if (typeof Deno === 'undefined') process.exit(1)
  Deno.exit(1)
})
