function [direction_deg, selectivity] = preferred_direction(directions_deg, rates_hz)
    % PREFERRED_DIRECTION  Where a tuning curve on the circle points, and how clearly.
    %
    %   directions_deg  directions, evenly spaced on the circle
    %   rates_hz        rate at each
    %
    %   direction_deg   from 0 to 360
    %   selectivity     0: the same at all directions; 1: at one direction only
    arrow = sum(rates_hz(:) .* exp(1i * pi / 180 * directions_deg(:)));
    direction_deg = mod(180 / pi * angle(arrow), 360);
    selectivity = abs(arrow) / sum(rates_hz(:));
end
