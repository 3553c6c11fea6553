// The main job in Go: encoding/csv -> encoding/json and santhosh-tekuri/jsonschema -> encoding/csv -> klauspost gzip, file to file.
//
//	validate IN.csv OUT.csv.gz SCHEMA.json
package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/gzip"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// Whether the cells of a column are text; all others are JSON.
func isText(schema map[string]any, name string) bool {
	properties, _ := schema["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	if ref, ok := property["$ref"].(string); ok {
		var at any = schema
		for _, step := range strings.Split(ref[2:], "/") {
			at = at.(map[string]any)[step]
		}
		property, _ = at.(map[string]any)
	}
	kind, ok := property["type"].(string)
	return !ok || kind == "string"
}

// The library's own takes an address without a local part.
func checkEmail(v any) error {
	if s, ok := v.(string); ok {
		at := strings.LastIndexByte(s, '@')
		if at < 1 || at > 64 || len(s)-at < 2 || strings.ContainsAny(s, " \t") || s[0] == '.' || s[at-1] == '.' || strings.Contains(s, "..") {
			return fmt.Errorf("no e-mail address")
		}
	}
	return nil
}

type job struct {
	schema *jsonschema.Schema
	names  []string
	texts  []bool
}

// What is wrong with a row; "" when nothing is.
func (j *job) judge(cells []string) string {
	var errors []string
	row := make(map[string]any, len(j.names))
	if len(cells) != len(j.names) {
		errors = append(errors, fmt.Sprintf("row: %d fields, the header has %d", len(cells), len(j.names)))
	}
	for i, cell := range cells {
		if i >= len(j.names) || cell == "" {
			continue
		}
		if j.texts[i] {
			if !utf8.ValidString(cell) {
				errors = append(errors, j.names[i]+": not UTF-8")
				continue
			}
			row[j.names[i]] = cell
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(cell), &value); err != nil {
			errors = append(errors, j.names[i]+": not JSON")
			continue
		}
		row[j.names[i]] = value
	}
	if err := j.schema.Validate(row); err != nil {
		errors = append(errors, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return strings.Join(errors, "; ")
}

func main() {
	text := must(os.ReadFile(os.Args[3]))
	document := must(jsonschema.UnmarshalJSON(strings.NewReader(string(text))))
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "email", Validate: checkEmail})
	if err := compiler.AddResource("schema.json", document); err != nil {
		log.Fatal(err)
	}
	j := &job{schema: must(compiler.Compile("schema.json"))}

	in := must(os.Open(os.Args[1]))
	out := must(os.Create(os.Args[2]))
	buffered := bufio.NewWriterSize(out, 1<<18)
	packed := must(gzip.NewWriterLevel(buffered, gzip.BestSpeed))
	reader := csv.NewReader(bufio.NewReaderSize(in, 1<<18))
	reader.FieldsPerRecord = -1
	reader.LazyQuotes = true
	reader.ReuseRecord = true
	writer := csv.NewWriter(packed)

	j.names = append(j.names, must(reader.Read())...)
	for _, name := range j.names {
		j.texts = append(j.texts, isText(document.(map[string]any), name))
	}
	if err := writer.Write(append(append([]string{}, j.names...), "valid", "errors")); err != nil {
		log.Fatal(err)
	}
	rows, invalid := 0, 0
	line := make([]string, len(j.names)+2)
	for {
		cells, err := reader.Read()
		if err == io.EOF {
			break
		}
		must(cells, err)
		errors := j.judge(cells)
		rows++
		for i := range j.names {
			line[i] = ""
			if i < len(cells) {
				line[i] = cells[i]
			}
		}
		line[len(j.names)], line[len(j.names)+1] = "true", errors
		if errors != "" {
			invalid++
			line[len(j.names)] = "false"
		}
		if err := writer.Write(line); err != nil {
			log.Fatal(err)
		}
	}
	writer.Flush()
	for _, err := range []error{writer.Error(), packed.Close(), buffered.Flush(), out.Close()} {
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("{\"rows\":%d,\"invalid\":%d}\n", rows, invalid)
}
