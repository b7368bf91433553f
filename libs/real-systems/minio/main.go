// Command minio is the S3 server of tests: MinIO's own main, built from the module proxy.
package main

import (
	"os"

	minio "github.com/minio/minio/cmd"
)

func main() {
	minio.Main(os.Args)
}
