// Writes a Badger database that has been through much: several tables on several
// levels, values overwritten and deleted, a value log cleaned up. Then prints what is in
// it, as Badger itself reads it. See tests/authority/adoption/step_worlds.py.
//
//	make-badger DIR none|snappy COUNT close|crash
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"

	"github.com/dgraph-io/badger"
	"github.com/dgraph-io/badger/options"
)

func check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%+v\n", err)
		os.Exit(1)
	}
}

func part(text string) []byte {
	size := make([]byte, 2)
	binary.LittleEndian.PutUint16(size, uint16(len(text)))
	return append(size, text...)
}

func key(table, name string) []byte { return append(part(table), part(name)...) }

func write(db *badger.DB, count, round int) {
	random := rand.New(rand.NewSource(int64(round)))
	for i := 0; i < count; i++ {
		name := strconv.Itoa(i)
		check(db.Update(func(txn *badger.Txn) error {
			if i%7 == round%7 {
				return txn.Delete(key("used_ott", name))
			}
			value := make([]byte, 20+random.Intn(1400))
			random.Read(value[:10])
			if err := txn.Set(key("used_ott", name), value); err != nil {
				return err
			}
			return txn.Set(key("x509_certs", name), append([]byte(name), value...))
		}))
	}
}

func held(db *badger.DB) map[string][]byte {
	found := map[string][]byte{}
	check(db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		prefix := part("used_ott")
		for it.Seek(prefix); it.ValidForPrefix(prefix); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			name := bytes.TrimPrefix(it.Item().Key(), prefix)[2:]
			found[string(name)] = value
		}
		return nil
	}))
	return found
}

func main() {
	folder, compression, end := os.Args[1], os.Args[2], os.Args[4]
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	settings := badger.DefaultOptions(folder).WithLoggingLevel(badger.ERROR).
		WithMaxTableSize(64 << 10).WithValueLogFileSize(1 << 20).WithSyncWrites(false).
		WithValueThreshold(512).WithValueLogMaxEntries(2000).WithNumCompactors(2)
	if compression == "snappy" {
		settings = settings.WithCompression(options.Snappy)
	}
	cleaned := 0
	for round := 0; round < 4; round++ {
		db, err := badger.Open(settings)
		check(err)
		write(db, count, round)
		for round > 0 && db.RunValueLogGC(0.1) == nil {
			cleaned++
		}
		if round < 3 {
			check(db.Close())
			continue
		}
		write(db, count/4, round+1)
		text, err := json.Marshal(held(db))
		check(err)
		check(os.WriteFile(folder+".json", text, 0600))
		fmt.Println(cleaned)
		if end == "close" {
			check(db.Close())
		}
	}
	os.Exit(0)
}
