<?php // Fetch a page with PHP's curl: `curl.php URL`.
function_exists('curl_init') or exit(77);
$curl = curl_init($argv[1]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
if (curl_exec($curl) === false) {
    fwrite(STDERR, curl_error($curl) . "\n");
    exit(1);
}
