<?php // Fetch a page with PHP's streams: `streams.php URL`.
extension_loaded('openssl') or exit(77);
error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
file_get_contents($argv[1]) !== false or exit(1);
