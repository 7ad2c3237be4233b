package webhook

import "context"

// Watch is one look after the webhooks, as Run does it.
func (s *Service) Watch(ctx context.Context) error { return s.watch(ctx, 0) }

// Options returns what a service was made of.
func (s *Service) Options() Options { return s.o }
