# On a first start there is no cluster yet: the image makes one with the password.
if [ -f "$PGDATA/PG_VERSION" ]; then
    password=$(<"$POSTGRES_PASSWORD_FILE")
    # A quote within is doubled, as SQL has it.
    echo "ALTER ROLE \"$POSTGRES_USER\" PASSWORD '${password//\'/\'\'}'" | postgres --single -D "$PGDATA" postgres >/dev/null
fi
