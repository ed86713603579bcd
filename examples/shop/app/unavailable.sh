#!/bin/sh
# Answers one request with 503. The request is read first: closing with unread data would reset the connection.
while read -r line && [ "$line" != "$(printf '\r')" ]; do :; done
body='{"status": "unavailable", "reason": "cannot reach the database"}'
printf 'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
    "${#body}" "$body"
