// Command lura is KrakenD's engine with what it can do of Ringward's work: it
// puts the provider's key on each request and lets an allow-list of fields out.
// It has a module of its own, so that the engine's dependencies stay out of
// Ringward's.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	router "github.com/luraproject/lura/v2/router/gin"
	"github.com/luraproject/lura/v2/transport/http/client"
	"github.com/luraproject/lura/v2/transport/http/server"
)

var (
	port     = flag.Int("port", 0, "port of loopback to listen on")
	upstream = flag.String("upstream", "", "host:port of the provider")
	key      = flag.String("key", "", "the provider's key")
	caFile   = flag.String("ca", "", "certificate to trust")
)

// maxIdle is as for bare Caddy and Ringward.
const maxIdle = 512

func main() {
	flag.Parse()
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	service := config.ServiceConfig{
		Version: config.ConfigVersion,
		Address: "127.0.0.1",
		Port:    *port,
		Timeout: 10 * time.Second,
		Host:    []string{"https://" + *upstream},
		Endpoints: []*config.EndpointConfig{{
			Endpoint:      "/v1/lookup",
			Method:        http.MethodPost,
			HeadersToPass: []string{"Content-Type", "Content-Length"},
			Backend: []*config.Backend{{
				URLPattern: "/v1/lookup",
				Method:     http.MethodPost,
				AllowList:  []string{"success", "data.subscriber", "data.deliverable", "data.nanpType", "data.dipCarrierType"},
			}},
		}},
	}
	if err := service.Init(); err != nil {
		return err
	}
	executor, err := withKey()
	if err != nil {
		return err
	}
	backend := func(remote *config.Backend) proxy.Proxy {
		return proxy.NewHTTPProxyWithHTTPExecutor(remote, executor, remote.Decoder)
	}
	gin.SetMode(gin.ReleaseMode)
	logger, err := logging.NewLogger("ERROR", io.Discard, "")
	if err != nil {
		return err
	}
	router.NewFactory(router.Config{
		Engine:         gin.New(),
		HandlerFactory: router.EndpointHandler,
		ProxyFactory:   proxy.NewDefaultFactory(backend, logger),
		Logger:         logger,
		RunServer:      server.RunServer,
	}).NewWithContext(context.Background()).Run(service)
	return nil
}

// withKey is the client, which adds the provider's key.
func withKey() (client.HTTPRequestExecutor, error) {
	text, err := os.ReadFile(*caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("no certificate to trust")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, maxIdle
	hc := &http.Client{Transport: transport}
	return func(ctx context.Context, req *http.Request) (*http.Response, error) {
		req.Header.Set("Authorization", "Bearer "+*key)
		return hc.Do(req.WithContext(ctx))
	}, nil
}
