# Fetch a page with Net::HTTP: `fetch.rb URL`.
begin
  require 'net/https'
rescue LoadError
  exit 77
end
begin
  Net::HTTP.get_response(URI(ARGV[0]))
rescue StandardError => error
  abort "#{error.class}: #{error.message}"
end
